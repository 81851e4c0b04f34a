import { midtransGateway } from '#server/drivers/gateway/midtrans/driver.ts'
import { xenditGateway } from '#server/drivers/gateway/xendit/driver.ts'
import { listGateways, payableMethods, pauseGateway, saveCredentials, saveMethodRules, testGateway } from '#server/payments/configure-gateways.ts'
import type { ComputeTax } from '#server/billing/ports.ts'
import type { Credentials, GatewayRecord } from '#server/payments/gateway-ports.ts'
import { credentialsOf } from '#server/payments/gateway-settings.ts'
import type { EnvironmentKeys } from '#server/payments/gateway-settings.ts'
import type { PaymentGateway } from '#server/payments/ports.ts'
import { gatewayOfMethod } from '#shared/vocabulary/payments.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { Core } from '../core.ts'

/** Another replica learns of changed credentials this late. */
const rememberMilliseconds = 5_000

/** The gateways as they are set up at this moment: stored credentials go before those of the environment. */
export function composeGateways(core: Core, computeTax: ComputeTax) {
  const { config, secrets, clock, transact, read } = core
  const settings = read.gatewaySettings
  const environment: EnvironmentKeys = {
    midtrans: { apiKey: config.MIDTRANS_SERVER_KEY ?? '', notificationSecret: config.MIDTRANS_SIGNATURE_KEY ?? '' },
    xendit: { apiKey: config.XENDIT_SECRET_KEY ?? '', notificationSecret: config.XENDIT_CALLBACK_TOKEN ?? '' },
  }
  const build: Record<GatewayName, (credentials: Credentials) => PaymentGateway> = {
    midtrans: ({ apiKey, notificationSecret }) => midtransGateway({ serverKey: apiKey, signatureKey: notificationSecret, apiUrl: config.MIDTRANS_API_URL, snapUrl: config.MIDTRANS_SNAP_URL, notificationUrl: `${config.GARDU_BASE_URL}/api/webhooks/midtrans` }),
    xendit: ({ apiKey, notificationSecret }) => xenditGateway({ secretKey: apiKey, callbackToken: notificationSecret, apiUrl: config.XENDIT_API_URL, wallNow: () => core.wallClock.now() }),
  }
  interface Opened { readonly usable: boolean, readonly gateway: PaymentGateway, readonly key: string }
  const kept = new Map<GatewayName, Opened>()
  type Found = ReadonlyMap<GatewayName, Opened | Error>
  let reading: { readonly until: number, readonly opened: Promise<Found> } | null = null

  function open(record: GatewayRecord): Opened {
    const credentials = credentialsOf(record, environment[record.gateway], secrets)
    const key = JSON.stringify(credentials)
    const before = kept.get(record.gateway)
    // Unchanged credentials keep their driver, and with it its connections.
    if (before?.key === key) return before
    const made = { usable: credentials.apiKey !== '', gateway: build[record.gateway](credentials), key }
    kept.set(record.gateway, made)
    return made
  }
  /** A gateway whose stored credentials cannot be opened (their encryption key is gone) stops no other. */
  async function openAll(): Promise<Found> {
    return new Map((await settings.list()).map((record): [GatewayName, Opened | Error] => {
      try {
        return [record.gateway, open(record)]
      } catch (error) {
        return [record.gateway, new Error(`the stored credentials of ${record.gateway} cannot be opened`, { cause: error })]
      }
    }))
  }
  async function opened(name: GatewayName): Promise<Opened> {
    const now = core.wallClock.now().getTime()
    if (!reading || reading.until <= now) reading = { until: now + rememberMilliseconds, opened: openAll() }
    const mine = reading
    try {
      const found = (await mine.opened).get(name)
      if (!found) throw new RangeError(`no gateway ${name}`)
      if (found instanceof Error) throw found
      return found
    } catch (error) {
      // A failure is not remembered.
      if (reading === mine) reading = null
      throw error
    }
  }
  const gateways = async (name: GatewayName) => {
    const { usable, gateway } = await opened(name)
    return usable ? gateway : null
  }
  const forget = () => {
    reading = null
  }
  const deps = { transact, settings, secrets, clock, environment, gateways, forget }
  return {
    gateways,
    verifiers: async (name: GatewayName) => (await opened(name)).gateway,
    paymentMethods: payableMethods({ ...deps, computeTax }, gatewayOfMethod),
    useCases: { listGateways: listGateways(deps), pauseGateway: pauseGateway(deps), saveCredentials: saveCredentials(deps), saveMethodRules: saveMethodRules(deps), testGateway: testGateway(deps) },
  }
}

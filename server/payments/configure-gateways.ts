import { AppError } from '#shared/errors/codes.ts'
import type { Money } from '#shared/money/money.ts'
import type { GatewayMethod, GatewayName } from '#shared/vocabulary/payments.ts'
import type { ComputeTax } from '../billing/ports.ts'
import type { Actor, Clock, SecretBox, Transact } from '../kernel/ports.ts'
import { credentialNames } from './gateway-ports.ts'
import type { CredentialName, GatewayRecord, GatewaySettingsStore, MethodRule } from './gateway-ports.ts'
import { auditedGateway, auditedRules, offeredMethods, toGatewaysView } from './gateway-settings.ts'
import type { EnvironmentKeys, MethodOffer } from './gateway-settings.ts'
import type { GatewayCheck, Gateways, PaymentStores } from './ports.ts'

interface Deps { readonly transact: Transact<PaymentStores>, readonly settings: GatewaySettingsStore, readonly secrets: SecretBox, readonly clock: Clock, readonly environment: EnvironmentKeys, readonly gateways: Gateways, /** Credentials were changed: the next use reads them anew. */ readonly forget: () => void }
export type GatewaysView = ReturnType<typeof toGatewaysView>
const noKey: GatewayCheck = { check: 'api', ok: false, milliseconds: 0, finding: 'no_key', detail: null }

/** What Finance sees of the gateways and methods. */
export const listGateways = ({ settings, environment }: Pick<Deps, 'settings' | 'environment'>) => async (): Promise<GatewaysView> => toGatewaysView(await settings.list(), await settings.rules(), environment)

/** Methods by which this amount can be paid now, in their order: offered by Finance, at a gateway that has a key; each with its fee, PPN included. */
export const payableMethods = ({ settings, gateways, computeTax, clock }: Pick<Deps, 'settings' | 'gateways' | 'clock'> & { readonly computeTax: ComputeTax }, gatewayOf: Readonly<Record<GatewayMethod, GatewayName>>) => async (amount: Money): Promise<MethodOffer[]> => {
  const offered = await offeredMethods(settings, amount)
  const usable = new Map(await Promise.all([...new Set(offered.map(({ method }) => gatewayOf[method]))].map(async name => [name, await gateways(name) !== null] as const)))
  return offered.filter(({ method }) => usable.get(gatewayOf[method])).map(offer => ({ ...offer, fee: computeTax(offer.fee, clock.now()).total }))
}

/** Changes one gateway's record under its lock, with a row in the audit log that holds no secret. */
const change = (deps: Deps) => async (input: { readonly actor: Actor, readonly gateway: GatewayName, readonly action: string, readonly change: (before: GatewayRecord) => GatewayRecord, readonly noted?: object }): Promise<GatewaysView> => {
  await deps.transact(async (stores) => {
    const before = await stores.gatewaySettings.lock(input.gateway)
    const after = input.change(before)
    await stores.gatewaySettings.save(after, deps.clock.now())
    await stores.audit.record({ actor: input.actor, action: input.action, entity: 'gateway', entityId: input.gateway, before: auditedGateway(before), after: { ...auditedGateway(after), ...input.noted } })
  })
  deps.forget()
  return listGateways(deps)()
}

/** Pauses a gateway: no new attempt begins there, while its notifications, reads and cancellations go on. A null reason takes it back. */
export const pauseGateway = (deps: Deps) => ({ actor, gateway, reason }: { readonly actor: Actor, readonly gateway: GatewayName, readonly reason: string | null }): Promise<GatewaysView> => change(deps)({
  actor, gateway, action: reason === null ? 'gateway.resume' : 'gateway.pause', change: before => ({ ...before, pausedReason: reason, pausedAt: reason === null ? null : deps.clock.now() }),
})

/** Seals and stores what is given; null deletes what is stored, so that the environment's counts again; what is absent stays. */
export const saveCredentials = (deps: Deps) => ({ actor, gateway, given }: { readonly actor: Actor, readonly gateway: GatewayName, readonly given: Readonly<Partial<Record<CredentialName, string | null | undefined>>> }): Promise<GatewaysView> => {
  const changed = credentialNames.filter(name => given[name] !== undefined)
  return change(deps)({
    actor, gateway, action: 'gateway.credentials', noted: { changed },
    change: before => ({ ...before, sealed: { ...before.sealed, ...Object.fromEntries(changed.map(name => [name, given[name] ? deps.secrets.seal(given[name]) : null])) } }),
  })
}

/** Replaces order, activity and bounds of all methods. @throws AppError conflict when they do not name every method */
export const saveMethodRules = (deps: Deps) => async ({ actor, rules }: { readonly actor: Actor, readonly rules: readonly MethodRule[] }): Promise<GatewaysView> => {
  await deps.transact(async (stores) => {
    // One writer at a time, whichever gateway the methods belong to.
    await stores.gatewaySettings.lock('midtrans')
    const before = await stores.gatewaySettings.rules()
    if (before.some(known => !rules.some(rule => rule.method === known.method))) throw new AppError('conflict')
    await stores.gatewaySettings.saveRules(rules, deps.clock.now())
    await stores.audit.record({ actor, action: 'gateway.methods', entity: 'gateway', entityId: null, before: auditedRules(before), after: auditedRules(rules) })
  })
  return listGateways(deps)()
}

/** Asks the gateway live, outside any transaction; what was found stands in the audit log. Answers also when a check failed. */
export const testGateway = (deps: Deps) => async ({ actor, gateway }: { readonly actor: Actor, readonly gateway: GatewayName }): Promise<{ ok: boolean, checks: GatewayCheck[] }> => {
  deps.forget()
  const opened = await deps.gateways(gateway).catch((error: unknown) => error instanceof Error ? error.message : String(error))
  const checks: GatewayCheck[] = opened === null ? [noKey] : typeof opened === 'string' ? [{ ...noKey, finding: 'failed', detail: opened }] : [...await opened.check()]
  const ok = checks.every(check => check.ok)
  await deps.transact(stores => stores.audit.record({ actor, action: 'gateway.test', entity: 'gateway', entityId: gateway, after: { ok, failed: checks.filter(check => !check.ok).map(check => check.check) } }))
  return { ok, checks }
}

import { AppError } from '#shared/errors/codes.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { Clock, Transact } from '../kernel/ports.ts'
import type { KeepWebhook, NewWebhook, Notification, NotificationVerifiers, PaymentStores } from './ports.ts'

interface Deps { readonly transact: Transact<PaymentStores>, readonly keep: KeepWebhook, readonly clock: Clock, readonly verifiers: NotificationVerifiers, readonly digest: (bytes: Uint8Array) => string, readonly decode: (bytes: Uint8Array) => string }
interface Input { readonly gateway: GatewayName, readonly raw: Uint8Array, readonly headers: Readonly<Record<string, string>> }

/** Headers that say something later; never the ones that prove (a callback token is a secret). */
const keptHeaders = ['content-type', 'user-agent', 'webhook-id'] as const
const refusedPerHour = 200
const refusedBodyLimit = 4_096
const bodyLimit = 65_536

/**
 * Takes a notification: verified on the bytes as they came, stored once (equal deliveries count up) together with the job that works on
 * it, and only then acknowledged. What cannot be proven is stored as refused, within bounds, and touches nothing.
 * @throws AppError webhook_refused, webhook_unreadable, gateway_not_configured; unavailable (503: send again) when it could not be stored or its secret not be read
 */
export const receiveWebhook = (deps: Deps) => async (input: Input): Promise<{ received: true }> => {
  const at = deps.clock.now()
  const headers = Object.fromEntries(keptHeaders.flatMap(name => input.headers[name] === undefined ? [] : [[name, input.headers[name].slice(0, 200)]]))
  const common = { gateway: input.gateway, dedupeKey: deps.digest(input.raw), headers, at }
  const verifier = await deps.verifiers(input.gateway).catch((error: unknown) => {
    throw new AppError('unavailable', { cause: error, retryAfterSeconds: 30 })
  })
  let proven: Notification
  try {
    proven = verifier.verify(input)
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'internal'
    if (code === 'webhook_refused' || code === 'webhook_unreadable') await keepRefused(deps, { ...common, status: 'refused', orderId: null, gatewayTransactionId: null, event: null, body: text(deps, input.raw, refusedBodyLimit), reason: code })
    throw error
  }
  try {
    await deps.keep({ ...common, status: 'verified', orderId: proven.orderId, gatewayTransactionId: proven.gatewayTransactionId, event: proven.event, body: text(deps, input.raw, bodyLimit), reason: null })
  } catch (error) {
    throw new AppError('unavailable', { cause: error, retryAfterSeconds: 30 })
  }
  return { received: true }
}

/** NUL is no text to PostgreSQL. */
const text = (deps: Deps, raw: Uint8Array, limit: number) => deps.decode(raw.subarray(0, limit)).replaceAll('\u0000', '\uFFFD')

/** Forged notifications are kept as evidence, so many an hour; a flood of them fills no disk, and failing to keep one changes no answer. */
const keepRefused = (deps: Deps, hook: NewWebhook): Promise<void> => deps.transact(async (stores) => {
  const hourAgo = new Date(hook.at.getTime() - 3_600_000)
  if (await stores.webhooks.countRefusedSince(hourAgo, refusedPerHour) < refusedPerHour) await stores.webhooks.store([hook])
}).catch(() => {})

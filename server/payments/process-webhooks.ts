import { DriverError } from '#shared/errors/driver-error.ts'
import { applyGatewayState } from './apply-gateway-state.ts'
import type { PaymentDeps } from './deps.ts'
import { atGateway } from './payment.ts'
import type { Payment, StoredWebhook, WebhookStore } from './ports.ts'

type Deps = PaymentDeps & { readonly webhooks: WebhookStore }
interface Result { readonly status: 'applied' | 'parked', readonly reason: string | null }

const batch = 25
const lanes = 4
/** Who began to work on a notification and died leaves it to others after this long. */
const leaseSeconds = 60
/** Then another job goes on, so that one can end when the application does. */
const batchesPerJob = 40
/** About eight hours; what pays meanwhile is found by reconciliation in any case. */
const attemptsAtMost = 40

/**
 * Works through the stored, verified notifications that wait, oldest first. Each only says where to look: the state is read back from the
 * gateway for the attempt that our own books know under this order id, and that state takes effect. What names nothing of ours is parked
 * and changes nothing. One whose gateway cannot be asked keeps no other from being done; it is due again later, ever later, and parked in
 * the end. May run twice, and beside itself.
 */
export const processWebhooks = (deps: Deps) => async (): Promise<void> => {
  let retryInSeconds = Number.POSITIVE_INFINITY
  for (let i = 0; i < batchesPerJob; i++) {
    const hooks = await deps.webhooks.beginWork({ at: deps.clock.now(), leaseSeconds, limit: batch })
    if (hooks.length === 0) return wake(deps, retryInSeconds)
    const payments = await deps.payments.findByGatewayOrders(hooks.flatMap(hook => hook.orderId === null ? [] : [{ gateway: hook.gateway, gatewayOrderId: hook.orderId }]))
    const paymentOf = (hook: StoredWebhook) => payments.find(payment => payment.gateway === hook.gateway && payment.gatewayOrderId === hook.orderId)
    const strangers = hooks.filter(hook => !paymentOf(hook))
    if (strangers.length > 0) await finish(deps, strangers, parked('unknown_order'))
    const known = hooks.filter(hook => !strangers.includes(hook))
    await Promise.all(Array.from({ length: lanes }, async () => {
      for (let hook = known.shift(); hook; hook = known.shift()) {
        try {
          await finish(deps, [hook], await work(deps, hook, paymentOf(hook)))
        } catch (error) {
          deps.log.warn({ err: error, webhook: hook.id, attempts: hook.attempts }, 'a notification could not be worked on')
          if (hook.attempts >= attemptsAtMost) await finish(deps, [hook], parked(`gave_up: ${error instanceof Error ? error.message : String(error)}`))
          else retryInSeconds = Math.min(retryInSeconds, await putOff(deps, hook))
        }
      }
    }))
  }
  return wake(deps, 0)
}

/** A second after the first attempt, doubled each time, to a quarter of an hour. */
async function putOff(deps: Deps, hook: StoredWebhook): Promise<number> {
  const seconds = Math.min(2 ** (hook.attempts - 1), 900)
  await deps.webhooks.putOff(hook.id, new Date(deps.clock.now().getTime() + seconds * 1000))
  return seconds
}

const parked = (reason: string): Result => ({ status: 'parked', reason: reason.slice(0, 500) })

async function wake(deps: Deps, inSeconds: number): Promise<void> {
  if (Number.isFinite(inSeconds)) await deps.transact(stores => stores.outbox.emit('payments.webhooks-waiting', {}, { singletonKey: inSeconds === 0 ? 'inbox' : 'inbox-later', startAfterSeconds: inSeconds }))
}

const finish = (deps: Deps, hooks: readonly StoredWebhook[], result: Result) => deps.transact(async (stores) => {
  await stores.webhooks.finish(hooks.map(hook => hook.id), { ...result, at: deps.clock.now() })
  // Also when nothing came of it: whoever asked for a replay waits to be told.
  for (const hook of hooks) stores.live.publish({ audience: 'staff', name: 'payment', id: hook.id })
})

async function work(deps: Deps, hook: StoredWebhook, payment: Payment | undefined): Promise<Result> {
  if (!payment) return parked('unknown_order')
  const there = await atGateway(deps.gateways, payment)
  if (!there) return parked('gateway_not_configured: this gateway has no key any more, so nothing can be read back')
  try {
    const state = await there.gateway.read({ orderId: there.orderId, gatewayTransactionId: payment.gatewayTransactionId, notifiedId: hook.gatewayTransactionId })
    if (!state) return parked('unknown_at_gateway')
    const { outcome, reason } = await applyGatewayState(deps)({ paymentId: payment.id, state, cause: 'notification' })
    return outcome === 'parked' ? parked(reason ?? 'needs_review') : { status: 'applied', reason }
  } catch (error) {
    if (error instanceof DriverError && error.kind === 'permanent') return parked(error.message)
    throw error
  }
}

import { DriverError } from '#shared/errors/driver-error.ts'
import { applyGatewayState } from './apply-gateway-state.ts'
import type { PaymentDeps } from './deps.ts'
import { atGateway } from './payment.ts'
import type { StoredWebhook, WebhookStore } from './ports.ts'

type Deps = PaymentDeps & { readonly webhooks: WebhookStore }
interface Result { readonly status: 'applied' | 'parked', readonly reason: string | null }

/**
 * Works on a stored, verified notification. It only says where to look: the state is read back from the gateway for the attempt that our
 * own books know under this order id, and that state takes effect. What names nothing of ours is parked and changes nothing.
 * May run twice. @throws DriverError when the gateway cannot be asked now: the job is tried again
 */
export const processWebhook = (deps: Deps) => async ({ webhookId }: { readonly webhookId: string }): Promise<void> => {
  const hook = await deps.webhooks.find(webhookId)
  if (!hook || (hook.status !== 'verified' && hook.status !== 'received')) return
  await deps.webhooks.countAttempt(hook.id)
  const result = await work(deps, hook)
  await deps.transact(async (stores) => {
    await stores.webhooks.finish(hook.id, { ...result, at: deps.clock.now() })
    // Also when nothing came of it: whoever asked for a replay waits to be told.
    stores.live.publish({ audience: 'staff', name: 'payment', id: hook.id })
  })
}

async function work(deps: Deps, hook: StoredWebhook): Promise<Result> {
  const parked = (reason: string): Result => ({ status: 'parked', reason: reason.slice(0, 500) })
  if (!deps.gateways[hook.gateway]) return parked('gateway_not_configured: no charges are made through this gateway, so nothing can be read back')
  const payment = hook.orderId === null ? null : await deps.payments.findByGatewayOrder(hook.gateway, hook.orderId)
  const there = payment && atGateway(deps.gateways, payment)
  if (!payment || !there) return parked('unknown_order')
  try {
    const state = await there.gateway.read({ orderId: there.orderId, gatewayTransactionId: payment.gatewayTransactionId })
    if (!state) return parked('unknown_at_gateway')
    const { outcome, reason } = await applyGatewayState(deps)({ paymentId: payment.id, state, cause: 'notification' })
    return outcome === 'parked' ? parked(reason ?? 'needs_review') : { status: 'applied', reason }
  } catch (error) {
    if (error instanceof DriverError && error.kind === 'permanent') return parked(error.message)
    throw error
  }
}

import { DriverError } from '#shared/errors/driver-error.ts'
import { applyGatewayState } from './apply-gateway-state.ts'
import type { PaymentDeps } from './deps.ts'
import { moveRefund } from './finish-refund.ts'
import { atGateway, gatewayActor } from './payment.ts'
import type { Payment, PaymentGateway } from './ports.ts'
import { exceedsSettled, keyIsUsable } from './refund.ts'
import type { Refund } from './refund-ports.ts'

/**
 * Asks the gateway to give money back, and reads back what came of it; booked is only what the bank has confirmed. One that was sent before
 * is read first and sent again, with the same key, only if the gateway does not know it: nothing is given back twice. May run twice.
 * @throws DriverError when the gateway cannot be asked or its answer was lost: the job is tried again
 */
export const sendRefund = (deps: PaymentDeps) => async ({ refundId }: { readonly refundId: string }): Promise<void> => {
  const refund = await deps.refunds.find(refundId)
  const payment = refund && isDue(refund) && refund.paymentId !== null ? await deps.payments.find(refund.paymentId) : null
  if (!refund || !payment) return
  const there = await atGateway(deps.gateways, payment)
  if (!there?.gateway.refund) return giveUp(deps, refund, 'no_gateway')
  await deps.refunds.markChecked(refundId, deps.clock.now())
  if (refund.status === 'pending') {
    if (await readBack(deps, there, payment, refund) || refund.found) return
    if (!keyIsUsable(refund, deps.clock.now())) return giveUp(deps, refund, 'unknown_at_gateway')
  } else if (!await deps.transact(stores => markSent(deps, stores, refundId, payment))) return giveUp(deps, refund, 'exceeds')
  await ask(deps, there, payment, refund)
}

/** Sent already, or decided and not sent yet. */
const isDue = (refund: Refund) => refund.kind === 'gateway' && (refund.status === 'pending' || (refund.status === 'requested' && (!refund.needsApproval || refund.approvedAt !== null)))

type There = { readonly gateway: PaymentGateway, readonly orderId: string }

async function ask(deps: PaymentDeps, there: There, payment: Payment, refund: Refund): Promise<void> {
  try {
    await there.gateway.refund?.request({ orderId: there.orderId, gatewayTransactionId: payment.gatewayTransactionId, refundKey: refund.refundKey ?? refund.id, amount: refund.amount, reason: refund.reason })
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind !== 'permanent') throw error
    // Refused now; an earlier call whose answer was lost may have had its effect all the same.
    if (!await readBack(deps, there, payment, refund)) await giveUp(deps, refund, error.message)
    return
  }
  await readBack(deps, there, payment, refund)
}

/** Lets the gateway's word take effect; whether it knows this refund. */
async function readBack(deps: PaymentDeps, { gateway, orderId }: There, payment: Payment, refund: Refund): Promise<boolean> {
  const state = await gateway.read({ orderId, gatewayTransactionId: payment.gatewayTransactionId })
  if (!state?.refunds?.some(reported => reported.key === refund.refundKey)) return false
  await applyGatewayState(deps)({ paymentId: payment.id, state, cause: 'read_back' })
  return true
}

/** False, and nothing done, when the money was taken back otherwise meanwhile. */
async function markSent(deps: PaymentDeps, stores: Parameters<Parameters<PaymentDeps['transact']>[0]>[0], refundId: string, payment: Payment): Promise<boolean> {
  await stores.payments.lock(payment.id)
  const refund = await stores.refunds.lock(refundId)
  if (refund?.status === 'requested' && exceedsSettled(payment.settledAmount ?? payment.amount, await stores.refunds.ofPayment(payment.id))) return false
  const at = deps.clock.now()
  if (refund?.status === 'requested') await moveRefund(stores, refund, 'pending', 'sent', gatewayActor(payment.gateway ?? 'midtrans'), at, { sentAt: at })
  return true
}

/** It did not happen: what it would have taken is free again. */
const giveUp = (deps: PaymentDeps, { id, paymentId }: Refund, problem: string): Promise<void> => deps.transact(async (stores) => {
  const payment = paymentId === null ? null : await stores.payments.lock(paymentId)
  const refund = await stores.refunds.lock(id)
  if (!refund || (refund.status !== 'requested' && refund.status !== 'pending')) return
  const at = deps.clock.now()
  await moveRefund(stores, refund, 'failed', 'refused', gatewayActor(payment?.gateway ?? 'midtrans'), at, { finishedAt: at, problem: problem.slice(0, 500) })
})

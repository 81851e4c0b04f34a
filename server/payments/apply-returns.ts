import type { Actor } from '../kernel/ports.ts'
import type { PaymentDeps } from './deps.ts'
import { asRefund, finishRefund, moveRefund } from './finish-refund.ts'
import { park } from './move-payment.ts'
import type { Applied } from './move-payment.ts'
import type { GatewayState, Payment, PaymentStores } from './ports.ts'
import { decideReturns } from './refund.ts'
import type { GatewayReturn, NewRefund, Refund } from './refund-ports.ts'

interface Returns { /** Locked. */ readonly payment: Payment, readonly state: GatewayState, readonly cause: string, readonly actor: Actor }

/**
 * Lets a gateway's list of what went back take effect on a locked payment: our own refunds are confirmed and booked by their key; what was
 * made elsewhere (the gateway's dashboard, a buyer's bank) is written down as found and booked all the same, for Finance to note. What the
 * bank has not confirmed is pending and not booked. The same list again has no effect.
 */
export const applyReturns = (deps: PaymentDeps) => async (stores: PaymentStores, { payment, state, cause, actor }: Returns): Promise<Applied> => {
  const at = deps.clock.now()
  let known = await stores.refunds.ofPayment(payment.id)
  const steps = decideReturns(known, state.refunds ?? [])
  if (steps === 'differs') return park(stores, payment, 'needs_review', at)
  await stores.payments.markChecked(payment.id, at, null)
  let current = payment
  const finish = async (refund: Refund) => {
    const done = await finishRefund(deps)(stores, { refund, payment: current, others: known, cause, actor, strict: false })
    known = [...known.filter(other => other.id !== done.id), done]
    current = await stores.payments.lock(payment.id) ?? current
  }
  for (const step of steps) {
    if (step.act === 'confirm') await finish(step.refund)
    else if (step.act === 'refuse') known = [...known.filter(other => other.id !== step.refund.id), await moveRefund(stores, step.refund, 'failed', cause, actor, at, { finishedAt: at, problem: step.reason.slice(0, 500) })]
    else if (step.act === 'send') await moveRefund(stores, step.refund, 'pending', cause, actor, at, { sentAt: step.refund.sentAt ?? at })
    else {
      const found = await writeDown(deps, stores, payment, step.reported, actor, at)
      if (step.reported.confirmed) await finish(found)
      else known = [...known, await moveRefund(stores, found, 'pending', cause, actor, at, { sentAt: at })]
    }
  }
  return steps.length === 0 ? { outcome: 'unchanged', reason: `${state.status}: known` } : { outcome: 'applied', reason: state.status }
}

async function writeDown(deps: PaymentDeps, stores: PaymentStores, payment: Payment, reported: GatewayReturn, actor: Actor, at: Date): Promise<Refund> {
  const refund: NewRefund = {
    id: deps.newId(), paymentId: payment.id, invoiceId: payment.invoiceId, clientId: payment.clientId, kind: reported.kind === 'chargeback' ? 'chargeback' : 'gateway', status: 'requested', consequence: 'reopen', amount: reported.amount,
    refundKey: reported.key, found: true, reason: payment.gateway ?? 'gateway', reference: null, paidOn: null, requestedBy: null, requestedByName: actor.name, needsApproval: false, createdAt: at, sentAt: null,
  }
  await stores.refunds.insert(refund)
  await stores.audit.record({ actor, action: `refund.found_${reported.kind}`, entity: 'refund', entityId: refund.id, after: { paymentId: payment.id, amount: reported.amount.amount.toString(), key: reported.key } })
  return asRefund(refund)
}

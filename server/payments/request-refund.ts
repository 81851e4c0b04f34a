import { AppError, fieldError } from '#shared/errors/codes.ts'
import { compare, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { RefundConsequence } from '#shared/vocabulary/refunds.ts'
import type { PaymentDeps } from './deps.ts'
import { asRefund, finishRefund, hintRefund, returnOf } from './finish-refund.ts'
import { atGateway } from './payment.ts'
import type { Payment, PaymentStores } from './ports.ts'
import { gatewayRefundAbility, needsApproval, refundable, refundKeyOf } from './refund.ts'
import type { GatewayRefundAbility } from './refund.ts'
import type { NewRefund, Refund, StaffActor } from './refund-ports.ts'

/** Day of the transfer in the business zone, and its reference. */
interface Transfer { readonly reference: string, readonly paidOn: string }
export interface RefundRequest { readonly paymentId: string, readonly kind: 'gateway' | 'credit' | 'manual', readonly consequence: RefundConsequence, readonly amount: Money, readonly reason: string, readonly transfer: Transfer | null, readonly actor: StaffActor }
export interface CreditPayoutRequest extends Transfer { readonly clientId: string, readonly amount: Money, readonly reason: string, readonly actor: StaffActor }
type Deps = PaymentDeps & { readonly startOfDay: (day: string) => Date, readonly creditOf: (stores: PaymentStores, clientId: string) => Promise<bigint> }

/**
 * Gives a settled payment back, in part or whole. What needs no second person is done at once: credit and transfers are booked here, a
 * refund by the gateway is handed to a job and booked when the bank has confirmed it. Answers the refund's id.
 * @throws AppError not_found, payment_not_refundable, refund_exceeds (more than is left), refund_method_unavailable (the gateway cannot),
 * refund_not_covered, client_frozen (an open charge-back), transfer_known, invalid_input
 */
export const requestRefund = (deps: Deps) => async (input: RefundRequest): Promise<string> => {
  const at = deps.clock.now()
  const transfer = input.kind === 'manual' ? readTransfer(deps, input.transfer, at) : { reference: null, paidOn: null }
  checkAmount(input.amount)
  // How the gateway is set up is read before the transaction: on the embedded database it would wait for itself.
  const ability = await askAbility(deps, input, at)
  return deps.transact(async (stores) => {
    const payment = await stores.payments.lock(input.paymentId)
    if (!payment) throw new AppError('not_found')
    const known = await stores.refunds.ofPayment(payment.id)
    const { actor, kind } = input
    checkPossible(payment, known, input, ability)
    if (kind !== 'credit' && await stores.refunds.hasOpenChargeback(payment.clientId)) throw new AppError('client_frozen')
    const id = deps.newId()
    const refund = asRefund({ ...transfer, id, paymentId: payment.id, invoiceId: payment.invoiceId, clientId: payment.clientId, kind, status: 'requested', consequence: input.consequence, amount: input.amount, refundKey: kind === 'gateway' ? refundKeyOf(id) : null, found: false, reason: input.reason, requestedBy: actor.id, requestedByName: actor.name, needsApproval: needsApproval(input.amount), createdAt: at, sentAt: null })
    await deps.returnMoney(stores, { ...returnOf(refund, payment, known, actor, at), strict: true, probe: true })
    await write(stores, refund, actor)
    if (!refund.needsApproval) await carryOut(deps, stores, { refund, payment, known, actor })
    return id
  })
}

/** Pays unused credit out by a transfer that Finance made. @throws AppError credit_insufficient, client_frozen, transfer_known, invalid_input */
export const requestCreditPayout = (deps: Deps) => async ({ clientId, amount, reason, actor, ...given }: CreditPayoutRequest): Promise<string> => {
  const at = deps.clock.now()
  const transfer = readTransfer(deps, given, at)
  checkAmount(amount)
  return deps.transact(async (stores) => {
    if (await stores.refunds.hasOpenChargeback(clientId)) throw new AppError('client_frozen')
    const free = await deps.creditOf(stores, clientId) - await stores.refunds.creditReserved(clientId)
    if (compare(amount, money(free, amount.currency)) > 0) throw new AppError('credit_insufficient')
    const refund = asRefund({ ...transfer, id: deps.newId(), paymentId: null, invoiceId: null, clientId, kind: 'credit_payout', status: 'requested', consequence: 'keep', amount, refundKey: null, found: false, reason, requestedBy: actor.id, requestedByName: actor.name, needsApproval: needsApproval(amount), createdAt: at, sentAt: null })
    await write(stores, refund, actor)
    if (!refund.needsApproval) await carryOut(deps, stores, { refund, payment: null, known: [], actor })
    return refund.id
  })
}

function checkAmount(amount: Money) {
  if (amount.amount <= 0n) throw fieldError('amount', 'amount_positive')
}

function readTransfer(deps: Deps, transfer: Transfer | null, now: Date): { reference: string, paidOn: Date } {
  if (!transfer) throw fieldError('reference', 'required')
  const paidOn = deps.startOfDay(transfer.paidOn)
  if (paidOn > now) throw fieldError('paidOn', 'day_in_future')
  return { reference: transfer.reference, paidOn }
}

async function askAbility(deps: Deps, { paymentId, kind }: RefundRequest, now: Date): Promise<GatewayRefundAbility | null> {
  const payment = kind === 'gateway' ? await deps.payments.find(paymentId) : null
  return payment && gatewayRefundAbility((await atGateway(deps.gateways, payment))?.gateway.refund, payment, now)
}

function checkPossible(payment: Payment, known: readonly Refund[], input: RefundRequest, ability: GatewayRefundAbility | null) {
  if (payment.status !== 'settled') throw new AppError('payment_not_refundable')
  if (compare(input.amount, refundable(payment.settledAmount ?? payment.amount, known)) > 0) throw new AppError('refund_exceeds')
  if (input.kind === 'gateway' && !ability?.possible) throw new AppError('refund_method_unavailable')
}

async function write(stores: PaymentStores, refund: NewRefund, actor: StaffActor) {
  await stores.refunds.insert(refund)
  await stores.audit.record({ actor, action: 'refund.request', entity: 'refund', entityId: refund.id, after: { paymentId: refund.paymentId, clientId: refund.clientId, kind: refund.kind, consequence: refund.consequence, amount: refund.amount.amount.toString(), reason: refund.reason, reference: refund.reference } })
  hintRefund(stores, refund)
}

/** Does what was decided: books it, or hands it to the job that asks the gateway. */
export async function carryOut(deps: PaymentDeps, stores: PaymentStores, { refund, payment, known, actor }: { readonly refund: Refund, readonly payment: Payment | null, readonly known: readonly Refund[], readonly actor: StaffActor }): Promise<void> {
  if (refund.kind === 'gateway') await stores.outbox.emit('payments.refund-due', { refundId: refund.id }, { singletonKey: refund.id })
  else await finishRefund(deps)(stores, { refund, payment, others: known, cause: 'staff', actor, strict: true })
}

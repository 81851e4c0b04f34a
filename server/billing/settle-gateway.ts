import { AppError } from '#shared/errors/codes.ts'
import { compare, isZero, money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, CreditPayout, FeeBooking, PayoutBooking } from './ports.ts'
import { creditPayoutEntry, feeEntry, payoutEntry } from './return-entries.ts'

/** Books what a gateway keeps of a settled payment, once, or gives that back; see `BookGatewayFee`. */
export const bookGatewayFee = (deps: BillingDeps) => async (stores: BillingStores, { paymentId, invoiceId, clientId, gateway, fee, memo, actor }: FeeBooking): Promise<void> => {
  const amount = fee ?? (await stores.ledger.linesOf('gateway_fee', paymentId)).find(line => line.account === 'gateway_fees')?.amount
  if (!amount || isZero(amount)) return
  await stores.ledger.post(feeEntry({ causeId: fee ? paymentId : `${paymentId}:back`, at: deps.clock.now(), memo, actor: actorLabel(actor), clientId, invoiceId }, gateway, amount, fee === null))
}

/** Books what a gateway transferred to the bank account, once per payout. */
export const bookPayout = (deps: BillingDeps) => async (stores: BillingStores, { payoutId, gateway, amount, fee, reference, actor }: PayoutBooking): Promise<void> => {
  await stores.ledger.post(payoutEntry({ causeId: payoutId, at: deps.clock.now(), memo: `${gateway} ${reference}`, actor: actorLabel(actor), clientId: null, invoiceId: null }, gateway, amount, fee))
}

/**
 * Books that a client's unused credit was transferred to the client; once per payout, with a mail.
 * @throws AppError credit_insufficient when the credit is less by now
 */
export const payOutCredit = (deps: BillingDeps) => async (stores: BillingStores, { payoutId, clientId, amount, reference, actor }: CreditPayout): Promise<void> => {
  await stores.ledger.lockCredit(clientId)
  if (compare(money(await stores.ledger.credit(clientId)), amount) < 0) throw new AppError('credit_insufficient')
  const booked = await stores.ledger.post(creditPayoutEntry({ causeId: payoutId, at: deps.clock.now(), memo: reference, actor: actorLabel(actor), clientId, invoiceId: null }, amount))
  if (booked) await queueMail(deps, stores, { template: 'credit_paid_out', key: `credit-paid-out:${payoutId}`, clientId, path: '/portal/credit', values: { amount, reference } })
}

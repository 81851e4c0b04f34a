import { subtract, sum } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { PaymentMethod } from '#shared/vocabulary/payments.ts'
import type { GatewayState } from '#server/payments/ports.ts'
import type { GatewayReturn } from '#server/payments/refund-ports.ts'
import { parseJakarta, readAmount } from './transform.ts'
import type { Transaction } from './schema.ts'

/**
 * Days after the settlement within which Midtrans gives money back; what is not named is never given back (virtual accounts, bills,
 * counters). QRIS paid with another issuer's app lapses first, and which one it was is not always told: the shorter window counts.
 */
export const refundDays: Readonly<Partial<Record<PaymentMethod, number>>> = { qris: 7, gopay: 45 }

const plain: Record<string, GatewayState['status']> = {
  settlement: 'settled', capture: 'settled', pending: 'pending', authorize: 'pending', deny: 'denied', cancel: 'failed', failure: 'failed', expire: 'expired',
  refund: 'refunded', partial_refund: 'refunded', chargeback: 'charged_back', partial_chargeback: 'charged_back',
}
const channels: Readonly<Record<string, PaymentMethod>> = { qris: 'qris', gopay: 'gopay', echannel: 'mandiri_bill', permata: 'permata_va', bca: 'bca_va', bni: 'bni_va', bri: 'bri_va', cimb: 'cimb_va' }

function channelOf(answer: Transaction): PaymentMethod | undefined {
  const bank = answer.permata_va_number ? 'permata' : answer.va_numbers?.[0]?.bank.toLowerCase()
  return channels[answer.payment_type === 'bank_transfer' ? bank ?? '' : answer.payment_type ?? '']
}

/** One item without a key of the merchant's is the bank's own: a charge-back. It is final as told. */
function readReturn(item: NonNullable<Transaction['refunds']>[number], currency: string, chargedBack: boolean): GatewayReturn {
  const isBank = chargedBack && !item.refund_key
  const key = item.refund_key || `${isBank ? 'chargeback' : 'refund'}-${item.refund_chargeback_id ?? item.refund_amount}`
  return { key, kind: isBank ? 'chargeback' : 'refund', amount: readAmount(item.refund_amount, currency), confirmed: isBank || Boolean(item.bank_confirmed_at) }
}

/**
 * Everything that went back: `refunds[]`, by key. The words `refund` and `chargeback` stand for the whole amount even without a list, and
 * what a list leaves of it then went as the word says. Null: a part, and it is not told how much.
 */
function readReturns(answer: Transaction, word: string, gross: Money): GatewayReturn[] | null {
  const chargedBack = word.endsWith('chargeback')
  const told = (answer.refunds ?? []).map(item => readReturn(item, answer.currency, chargedBack))
  const left = subtract(gross, sum(told.map(item => item.amount), gross.currency))
  if (word === 'chargeback' && left.amount > 0n) return [...told, { key: 'chargeback', kind: 'chargeback', amount: left, confirmed: true }]
  if (word === 'refund' && told.length === 0) return [{ key: 'refund', kind: 'refund', amount: gross, confirmed: true }]
  return told.length === 0 || (chargedBack && !told.some(item => item.kind === 'chargeback')) ? null : told
}

/** A challenged card, a part that went back without its amount, and words we do not know need a person: `review`. */
export function readState(answer: Transaction): GatewayState {
  const word = answer.transaction_status.toLowerCase()
  const fraud = answer.fraud_status?.toLowerCase()
  const paid = word === 'settlement' || word === 'capture'
  const amount = readAmount(answer.gross_amount, answer.currency)
  const channel = channelOf(answer)
  const state = { gatewayTransactionId: answer.transaction_id, orderId: answer.order_id, amount, settledAt: parseJakarta(answer.settlement_time), ...(channel ? { channel } : {}) }
  if (paid && fraud !== undefined && fraud !== 'accept') return { ...state, status: fraud === 'deny' ? 'denied' : 'review' }
  const status = plain[word] ?? 'review'
  if (status !== 'refunded' && status !== 'charged_back') return { ...state, status }
  const refunds = readReturns(answer, word, amount)
  if (!refunds && word.startsWith('partial')) return { ...state, status: 'review' }
  return { ...state, status, refunds: refunds ?? [] }
}

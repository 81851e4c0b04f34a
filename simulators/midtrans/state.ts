import { createHash } from 'node:crypto'

export type TransactionStatus = 'pending' | 'capture' | 'settlement' | 'deny' | 'cancel' | 'expire' | 'failure' | 'refund' | 'partial_refund' | 'chargeback' | 'partial_chargeback'
export const snapMethods = ['bca_va', 'bni_va', 'bri_va', 'permata_va', 'cimb_va', 'echannel', 'other_qris', 'gopay'] as const
export type SnapMethod = typeof snapMethods[number]

export interface Item { id?: string, name: string, price: number, quantity: number }
export interface Refund { refund_chargeback_id: number, refund_amount: string, created_at: string, reason: string, /** A bank's charge-back has none. */ refund_key?: string, refund_method: string, bank_confirmed_at?: string }
export interface Transaction {
  id: string, orderId: string, /** Whole rupiah. */ amount: number, paymentType: string, /** Fields of the method, as they stand in answers and notifications. */ details: Record<string, unknown>, actions: { name: string, method: string, url: string }[]
  status: TransactionStatus, createdAt: number, settledAt: number | null, expiresAt: number, items: Item[], customer: Record<string, unknown>, snapToken: string | null, notifyUrls: string[], refunds: Refund[]
}
export interface SnapSession { token: string, orderId: string, amount: number, items: Item[], customer: Record<string, unknown>, methods: SnapMethod[], finishUrl: string | null, expiry: { startAt: number | null, milliseconds: number } | null, createdAt: number, pageExpiresAt: number, canceledAt: number | null, transactionId: string | null, notifyUrls: string[] }
export interface Delivery { id: number, transactionId: string, orderId: string, status: TransactionStatus, url: string, body: string, /** When the next try is due; null when it is over. */ dueAt: number | null, tries: { at: number, answer: string }[], outcome: 'waiting' | 'delivered' | 'given up' | 'lost' }
export interface MidtransState { transactions: Transaction[], sessions: SnapSession[], deliveries: Delivery[], usedOrderIds: string[], nextNumber: number }

export const freshState = (): MidtransState => ({ transactions: [], sessions: [], deliveries: [], usedOrderIds: [], nextNumber: 530_231 })

export const merchantId = 'G812785002'
/** `YYYY-MM-DD HH:MM:SS` in GMT+7 without a zone, as Midtrans writes all times. */
export const localTime = (at: number): string => new Date(at + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
/** `2026-11-22 16:00:00 +0700` → milliseconds. NaN when it is no such text. */
export function parseTime(text: string): number {
  const [, date, time, sign, hours, minutes] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)$/.exec(text) ?? []
  return date ? Date.parse(`${date}T${time}Z`) - (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000 : Number.NaN
}
export const amountText = (amount: number): string => `${amount}.00`

/** Lowercase hex SHA-512 of order id, status code, amount and key, each as the text that is sent (Midtrans, "Handling notifications"). */
export const signature = (orderId: string, statusCode: string, grossAmount: string, serverKey: string): string => createHash('sha512').update(orderId + statusCode + grossAmount + serverKey).digest('hex')

const notificationCodes: Partial<Record<TransactionStatus, string>> = { pending: '201', expire: '202', deny: '202', failure: '202' }
/** In notifications an expired transaction has code 202; GET status answers 407 for it. */
export const notificationCode = (status: TransactionStatus): string => notificationCodes[status] ?? '200'
export const statusCode = (status: TransactionStatus): string => status === 'expire' ? '407' : notificationCode(status)

/** What GET status, charge, cancel … and notifications say about a transaction. */
export function view(transaction: Transaction, code: string, message: string, serverKey: string): Record<string, unknown> {
  const amount = amountText(transaction.amount)
  const refunded = transaction.refunds.reduce((sum, r) => sum + Number(r.refund_amount), 0)
  return {
    status_code: code, status_message: message, transaction_id: transaction.id, order_id: transaction.orderId, merchant_id: merchantId, gross_amount: amount, currency: 'IDR', payment_type: transaction.paymentType,
    transaction_time: localTime(transaction.createdAt), transaction_status: transaction.status, fraud_status: transaction.status === 'deny' ? 'deny' : 'accept', expiry_time: localTime(transaction.expiresAt),
    ...(transaction.settledAt === null ? {} : { settlement_time: localTime(transaction.settledAt) }), ...transaction.details,
    ...(transaction.refunds.length ? { refund_amount: amountText(refunded), refunds: transaction.refunds } : {}),
    signature_key: signature(transaction.orderId, code, amount, serverKey),
  }
}

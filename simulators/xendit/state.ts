import { randomBytes } from 'node:crypto'
import type { WebhookDelivery } from '../support/deliveries.ts'

export const sessionStatuses = ['ACTIVE', 'COMPLETED', 'EXPIRED', 'CANCELED'] as const
export type SessionStatus = typeof sessionStatuses[number]
export const channels = ['BCA_VIRTUAL_ACCOUNT', 'BRI_VIRTUAL_ACCOUNT', 'QRIS', 'DANA', 'CARDS'] as const
export type Channel = typeof channels[number]

export interface SessionItem { name: string, net_unit_amount: number, quantity: number }
export interface Session {
  id: string, link: string, referenceId: string, /** Whole rupiah. */ amount: number, currency: string, locale: string, status: SessionStatus, createdAt: number, updatedAt: number, expiresAt: number, description: string | null
  items: SessionItem[], metadata: Record<string, string> | null, customerId: string, successUrl: string | null, cancelUrl: string | null, paymentRequestId: string | null
}
/** What money did: a payment request with its payment. */
export interface PaymentRequest { id: string, paymentId: string, sessionId: string, referenceId: string, amount: number, currency: string, channel: Channel, status: 'SUCCEEDED' | 'FAILED', updatedAt: number, failureCode: string | null }
export interface Refund { id: string, requestId: string, paymentId: string, /** The merchant's name for it; null: made on the dashboard without one. */ referenceId: string | null, /** The idempotency key that it was asked for with. */ key: string | null, amount: number, currency: string, channel: Channel, reason: string, status: 'PENDING' | 'SUCCEEDED' | 'FAILED', createdAt: number, updatedAt: number, failureCode: string | null }
export interface XenditState { sessions: Session[], paymentRequests: PaymentRequest[], refunds: Refund[], customers: string[], deliveries: WebhookDelivery[], nextNumber: number }

export const freshState = (): XenditState => ({ sessions: [], paymentRequests: [], refunds: [], customers: [], deliveries: [], nextNumber: 1 })

export const newId = (prefix: string): string => `${prefix}-${randomBytes(12).toString('hex')}`
export const businessId = '6218c1a5e3f9b4d2a7c80e15'

type Amount = (amount: number) => number | string
const iso = (at: number) => new Date(at).toISOString()

/** What create, GET and cancel say about a session. */
export const sessionView = (session: Session, paymentId: string | null, baseUrl: string, amount: Amount) => ({
  payment_session_id: session.id, created: iso(session.createdAt), updated: iso(session.updatedAt), reference_id: session.referenceId, customer_id: session.customerId, session_type: 'PAY', mode: 'PAYMENT_LINK', country: 'ID', locale: session.locale,
  currency: session.currency, amount: amount(session.amount), expires_at: iso(session.expiresAt), status: session.status, payment_link_url: `${baseUrl}/pay/${session.link}`, payment_request_id: session.paymentRequestId, payment_id: paymentId, payment_token_id: null,
  business_id: businessId, description: session.description, metadata: session.metadata, capture_method: 'AUTOMATIC', success_return_url: session.successUrl, cancel_return_url: session.cancelUrl, items: session.items,
})

export const paymentRequestView = (request: PaymentRequest, amount: Amount) => ({
  payment_request_id: request.id, latest_payment_id: request.paymentId, business_id: businessId, reference_id: request.referenceId, country: 'ID', currency: request.currency, request_amount: amount(request.amount), capture_method: 'AUTOMATIC',
  channel_code: request.channel, status: request.status, updated: iso(request.updatedAt), ...(request.failureCode ? { failure_code: request.failureCode } : { captures: [{ capture_id: `cptr-${request.id.slice(3)}`, capture_amount: amount(request.amount) }] }),
})

export const refundView = (refund: Refund, amount: Amount) => ({
  id: refund.id, payment_request_id: refund.requestId, payment_id: refund.paymentId, invoice_id: null, amount: amount(refund.amount), payment_method_type: null, channel_code: refund.channel, currency: refund.currency, country: 'ID', status: refund.status, reason: refund.reason,
  reference_id: refund.referenceId, failure_code: refund.failureCode, refund_fee_amount: null, created: iso(refund.createdAt), updated: iso(refund.updatedAt), metadata: null,
})

import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '#shared/errors/codes.ts'
import type { NotificationVerifier } from '#server/payments/ports.ts'
import { orderOfReference } from './refunds.ts'
import { notification } from './schema.ts'

/** Compared as digests: of equal length, in constant time, whatever length was sent. */
const same = (a: string, b: string) => timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())

/**
 * Xendit's webhooks, proven by the account's callback token in `x-callback-token`. The token is a shared secret, not a signature: it does
 * not cover the body, so nothing in the body may be believed without reading it back. Without a token set nothing is accepted.
 */
export const xenditWebhooks = ({ callbackToken }: { readonly callbackToken: string }): NotificationVerifier => ({
  name: 'xendit',
  verify({ raw, headers }) {
    if (callbackToken === '') throw new AppError('gateway_not_configured')
    if (!same(headers['x-callback-token'] ?? '', callbackToken)) throw new AppError('webhook_refused')
    const read = notification.safeParse(parse(raw))
    if (!read.success) throw new AppError('webhook_unreadable')
    const { data } = read.data
    const about = data?.data ?? data ?? read.data
    return { orderId: orderOfReference(about.reference_id ?? about.external_id ?? about.id ?? 'unnamed'), gatewayTransactionId: about.payment_session_id ?? null, event: read.data.event ?? data?.event ?? read.data.status ?? 'invoice' }
  },
})

function parse(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
  } catch {
    throw new AppError('webhook_unreadable')
  }
}

import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '#shared/errors/codes.ts'
import type { NotificationVerifier } from '#server/payments/ports.ts'

const word = z.string().min(1).max(100)
const subject = z.object({ reference_id: word.optional(), external_id: word.optional(), payment_session_id: word.optional(), payment_id: word.optional(), id: word.optional() })
/** Current webhooks carry `event` and `data`; the legacy invoice has neither and stands flat. */
const notification = subject.extend({ event: word.optional(), status: word.optional(), data: subject.optional() })

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
    const about = read.data.data ?? read.data
    return { orderId: about.reference_id ?? about.external_id ?? about.id ?? 'unnamed', gatewayTransactionId: about.payment_session_id ?? about.payment_id ?? about.id ?? null, event: read.data.event ?? read.data.status ?? 'invoice' }
  },
})

function parse(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
  } catch {
    throw new AppError('webhook_unreadable')
  }
}

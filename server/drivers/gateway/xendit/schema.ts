import { z } from 'zod'

/** What Xendit answers. Unknown fields are ignored. Amounts come as numbers or as text, by the example that one reads. */
const amount = z.union([z.number(), z.string()])
const word = z.string().min(1).max(100)
const text = word.nullish().transform(value => value ?? null)

export const refusal = z.object({ error_code: z.string().default(''), message: z.string().default('') })
export const session = z.object({
  payment_session_id: word, reference_id: word, status: word, amount, currency: z.string(), created: z.string().nullish(), expires_at: z.string().nullish(), payment_link_url: z.url({ protocol: /^https?$/ }).nullish(), payment_request_id: text,
})
export type Session = z.output<typeof session>
export const paymentRequest = z.object({
  payment_request_id: word, status: word, request_amount: amount, currency: z.string(), channel_code: text, updated: z.string().nullish(), captures: z.array(z.object({ capture_amount: amount })).nullish(),
})
export type PaymentRequest = z.output<typeof paymentRequest>
export const refund = z.object({ id: word, reference_id: z.string().max(255).nullish().transform(value => value ?? null), status: word, amount, currency: z.string(), failure_code: text })
export type Refund = z.output<typeof refund>
export const refundList = z.object({ data: z.array(refund).max(100), has_more: z.boolean().nullish() })
export type RefundList = z.output<typeof refundList>

const subject = z.object({ reference_id: z.string().min(1).max(255).nullish(), external_id: word.nullish(), payment_session_id: word.nullish(), payment_id: word.nullish(), id: word.nullish() })
/**
 * Current webhooks carry `event` and `data`; the legacy invoice has neither and stands flat; refunds nest the whole event once more
 * inside `data`.
 */
export const notification = subject.extend({ event: word.nullish(), status: word.nullish(), data: subject.extend({ event: word.nullish(), data: subject.nullish() }).nullish() })

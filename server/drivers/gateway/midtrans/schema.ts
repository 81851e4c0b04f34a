import { z } from 'zod'

/** What Midtrans answers. Unknown fields are ignored; amounts and codes are strings and stay so. */
export const snapCreated = z.object({ token: z.string().min(1), redirect_url: z.url() })
export const snapRefused = z.object({ error_messages: z.array(z.string()) })
/** Core API: the code that counts stands in the body, HTTP says 200 to nearly everything. */
export const coreAnswer = z.object({ status_code: z.string(), status_message: z.string().default(''), validation_messages: z.array(z.string()).default([]) })
export const transaction = coreAnswer.extend({
  transaction_id: z.string().min(1), order_id: z.string().min(1), gross_amount: z.string(), currency: z.string().default('IDR'), transaction_status: z.string(), fraud_status: z.string().optional(), payment_type: z.string().optional(),
  transaction_time: z.string().optional(), settlement_time: z.string().optional(), expiry_time: z.string().optional(),
  va_numbers: z.array(z.object({ bank: z.string(), va_number: z.string() })).optional(), permata_va_number: z.string().optional(), biller_code: z.string().optional(), bill_key: z.string().optional(),
  refund_amount: z.string().optional(), refunds: z.array(z.object({ refund_chargeback_id: z.union([z.number(), z.string()]).optional(), refund_amount: z.string(), refund_key: z.string().nullish(), refund_method: z.string().nullish(), bank_confirmed_at: z.string().nullish() })).optional(),
  qr_string: z.string().optional(), actions: z.array(z.object({ name: z.string(), url: z.string() })).optional(),
})
export type Transaction = z.output<typeof transaction>

/** The part of a notification that its signature covers, and what it is about. */
export const notification = z.object({
  order_id: z.string().min(1).max(100), status_code: z.string().max(10), gross_amount: z.string().max(40), signature_key: z.string().max(200), transaction_status: z.string().max(50), transaction_id: z.string().max(100).optional(), fraud_status: z.string().max(50).optional(),
})

import type { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import { createHttpClient } from '../../http.ts'
import type { HttpReply } from '../../http.ts'
import { paymentRequest, refund, refundList, refusal, session } from './schema.ts'
import type { PaymentRequest, Refund, RefundList, Session } from './schema.ts'

export interface XenditAddress { readonly secretKey: string, readonly apiUrl: string }
export interface Refused { readonly refused: number, readonly code: string, readonly message: string }

const json = (reply: HttpReply): unknown => {
  try {
    return JSON.parse(reply.body)
  } catch {
    return null
  }
}

/** A write that was answered by 5xx or by nothing readable may have had its effect; a read is simply asked again. */
const broken = (write: boolean, what: string) => new DriverError(write ? 'unknown_outcome' : 'retryable', `Xendit: ${what}`)
const id = (text: string) => encodeURIComponent(text)

/** Seconds until requests are taken again; half a minute where the header says nothing usable. */
const resetAfter = (reply: HttpReply): number => {
  const seconds = Math.ceil(Number(reply.headers['rate-limit-reset'] ?? reply.headers['retry-after']))
  return seconds > 0 && seconds <= 3600 ? seconds : 30
}

/**
 * Xendit's transport: Basic authentication by the secret key, JSON, real HTTP codes with an `error_code`. Which mode is spoken to, the key
 * alone says. Failures are `DriverError`s; what a refusal means for one call is the driver's business.
 */
export function xenditApi({ secretKey, apiUrl }: XenditAddress) {
  const client = createHttpClient({ name: 'Xendit', baseUrl: apiUrl.replace(/\/+$/, ''), headers: { authorization: `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}` }, secrets: [secretKey] })

  /** @throws DriverError */
  function answer<T extends z.ZodType>(reply: HttpReply, shape: T, write: boolean, forbids = false): z.output<T> | Refused {
    if (reply.status === 401 || (reply.status === 403 && !forbids)) throw new DriverError('action_required', `Xendit does not accept our secret key (${reply.status})`, { who: 'finance' })
    if (reply.status === 429) throw new DriverError('retryable', 'Xendit asks for fewer requests', { afterSeconds: resetAfter(reply) })
    if (reply.status >= 500) throw broken(write, `answered ${reply.status}`)
    const body = json(reply)
    if (reply.status >= 400) {
      const read = refusal.safeParse(body)
      if (!read.success) throw broken(write, `answered ${reply.status} and something unreadable`)
      return { refused: reply.status, code: read.data.error_code, message: client.redact(read.data.message) }
    }
    const read = shape.safeParse(body)
    if (reply.status >= 300 || !read.success) throw broken(write, 'answered something unreadable')
    return read.data
  }

  return {
    createSession: async (body: object): Promise<Session | Refused> => answer(await client.request({ method: 'POST', path: '/sessions', json: body }), session, true),
    readSession: async (sessionId: string): Promise<Session | Refused> => answer(await client.request({ method: 'GET', path: `/sessions/${id(sessionId)}` }), session, false),
    cancelSession: async (sessionId: string): Promise<Session | Refused> => answer(await client.request({ method: 'POST', path: `/sessions/${id(sessionId)}/cancel` }), session, true),
    readPaymentRequest: async (requestId: string): Promise<PaymentRequest | Refused> => answer(await client.request({ method: 'GET', path: `/v3/payment_requests/${id(requestId)}`, headers: { 'api-version': '2024-11-11' } }), paymentRequest, false),
    /** An equal key has no second effect. Refused with 403: the channel gives nothing back. */
    createRefund: async (key: string, body: object): Promise<Refund | Refused> => answer(await client.request({ method: 'POST', path: '/refunds', json: body, headers: { 'idempotency-key': key } }), refund, true, true),
    /** At most a hundred, the newest first; `has_more` says that there are others. */
    listRefunds: async (requestId: string): Promise<RefundList | Refused> => answer(await client.request({ method: 'GET', path: `/refunds?payment_request_id=${id(requestId)}&limit=100` }), refundList, false),
  }
}

import type { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import { createHttpClient } from '../../http.ts'
import type { HttpReply } from '../../http.ts'
import { coreAnswer, snapCreated, snapRefused, transaction } from './schema.ts'
import type { Transaction } from './schema.ts'

export interface MidtransAddress { readonly serverKey: string, readonly apiUrl: string, readonly snapUrl: string, readonly notificationUrl: string }

const json = (reply: HttpReply): unknown => {
  try {
    return JSON.parse(reply.body)
  } catch {
    return null
  }
}

/** A write that was answered by 5xx may have had its effect; a read is simply asked again. */
const broken = (write: boolean, what: string) => new DriverError(write ? 'unknown_outcome' : 'retryable', `Midtrans: ${what}`)
const denied = () => new DriverError('action_required', 'Midtrans does not accept our server key', { who: 'sysadmin' })

/**
 * Midtrans' transport: Basic authentication by the server key, real HTTP codes from Snap, body codes from the Core API.
 * Failures are `DriverError`s; what a code means for one call is the driver's business.
 */
export function midtransApi({ serverKey, apiUrl, snapUrl, notificationUrl }: MidtransAddress) {
  const headers = { authorization: `Basic ${Buffer.from(`${serverKey}:`).toString('base64')}` }
  const client = (baseUrl: string) => createHttpClient({ name: 'Midtrans', baseUrl: baseUrl.replace(/\/+$/, ''), headers, secrets: [serverKey] })
  const [core, snap] = [client(apiUrl), client(snapUrl)]
  // Only the first 46 characters would count; an equal key within five minutes is answered by what the first call made.
  const writeHeaders = (key: string) => ({ 'idempotency-key': key.slice(-46), 'x-override-notification': notificationUrl })

  /** Body code, text and the transaction, if the answer is one. @throws DriverError */
  function readCore(reply: HttpReply, write: boolean): { code: number, message: string, transaction: Transaction | null } {
    const body = json(reply)
    const answer = coreAnswer.safeParse(body)
    const code = answer.success ? Number(answer.data.status_code) : reply.status
    if (code === 401 || reply.status === 401) throw denied()
    if (code === 429 || reply.status === 429) throw new DriverError('retryable', 'Midtrans asks for fewer requests', { afterSeconds: 30 })
    if (reply.status >= 500 || code >= 500) throw broken(write, `answered ${code}`)
    if (!answer.success) throw broken(write, 'answered something unreadable')
    const found = transaction.safeParse(body)
    return { code, message: [answer.data.status_message, ...answer.data.validation_messages].join(' '), transaction: found.success ? found.data : null }
  }

  return {
    async charge(body: object, key: string) {
      const reply = await core.request({ method: 'POST', path: '/v2/charge', json: body, headers: writeHeaders(key) })
      // The first call with this key is still being worked on.
      if (reply.status === 202) throw broken(true, 'is still working on the same request')
      return readCore(reply, true)
    },
    async status(id: string) {
      return readCore(await core.request({ method: 'GET', path: `/v2/${encodeURIComponent(id)}/status` }), false)
    },
    async cancel(id: string, key: string) {
      return readCore(await core.request({ method: 'POST', path: `/v2/${encodeURIComponent(id)}/cancel`, headers: { 'idempotency-key': key.slice(-46) } }), true)
    },
    async refund(id: string, body: object, key: string) {
      const reply = await core.request({ method: 'POST', path: `/v2/${encodeURIComponent(id)}/refund`, json: body, headers: writeHeaders(key) })
      if (reply.status === 202) throw broken(true, 'is still working on the same request')
      return readCore(reply, true)
    },
    async snap(body: object, key: string): Promise<z.output<typeof snapCreated> | { readonly refused: readonly string[] }> {
      const reply = await snap.request({ method: 'POST', path: '/snap/v1/transactions', json: body, headers: writeHeaders(key) })
      if (reply.status === 401) throw denied()
      const created = snapCreated.safeParse(json(reply))
      if (reply.status === 201 && created.success) return created.data
      const refused = snapRefused.safeParse(json(reply))
      if (reply.status >= 400 && reply.status < 500 && refused.success) return { refused: refused.data.error_messages }
      throw broken(true, `Snap answered ${reply.status}`)
    },
    /** True: nobody can choose a method on this page any more. False: a method was chosen already, or the page is not known. */
    async cancelSnap(token: string): Promise<boolean> {
      const reply = await snap.request({ method: 'POST', path: `/snap/v1/transactions/${encodeURIComponent(token)}/cancel` })
      if (reply.status === 401) throw denied()
      if (reply.status >= 500) throw broken(true, `Snap answered ${reply.status}`)
      const refused = snapRefused.safeParse(json(reply))
      return reply.status < 300 || (refused.success && refused.data.error_messages.some(message => message.includes('already canceled')))
    },
  }
}

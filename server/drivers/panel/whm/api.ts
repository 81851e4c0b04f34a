import type { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { PanelAccess } from '#server/infrastructure/panel-ports.ts'
import { createHttpClient } from '../../http.ts'
import type { HttpReply } from '../../http.ts'
import { trustOf } from '../../reach.ts'
import * as reply from './schema.ts'

export type Params = Readonly<Record<string, string>>
export interface WhmOptions { readonly connectMilliseconds?: number, readonly totalMilliseconds?: number, /** Creating and removing accounts takes minutes on a busy server. */ readonly slowMilliseconds?: number }

/** The panel heard the call and said no; what that means is told from its reason by who called. */
export class PanelRefusal extends DriverError {
  readonly reason: string
  constructor(call: string, reason: string) {
    super('retryable', `WHM: ${call}: ${reason}`)
    this.reason = reason
  }
}

/** WHM API 1 as it is on the wire: forms in, `{metadata, data}` out; `metadata.result`, not the HTTP status, says whether it worked. */
export interface WhmApi {
  /** Asks; may be sent again. */
  read<S extends z.ZodType>(call: string, schema: S, params?: Params): Promise<z.output<S>>
  /** Acts, by POST, so that nothing of it stands in a log of addresses. @throws PanelRefusal when the panel said no */
  act<S extends z.ZodType>(call: string, params: Params, schema: S, options?: { readonly slow?: boolean, readonly secrets?: readonly string[] }): Promise<z.output<S>>
  close(): void
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return null
  }
}

/** Reasons may be pages of HTML: one line of words is enough for a person. */
const plain = (text: string): string => text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 300)

export function whmApi(access: PanelAccess, { slowMilliseconds = 120_000, ...timeouts }: WhmOptions = {}): WhmApi {
  const http = createHttpClient({
    name: 'WHM', baseUrl: `${access.url.replace(/\/+$/, '')}/json-api`, tls: trustOf('WHM', access.tls), secrets: [access.tokenSecret], headers: { authorization: `whm ${access.tokenId}:${access.tokenSecret}` }, totalMilliseconds: 30_000, ...timeouts,
  })

  function check<S extends z.ZodType>(call: string, answer: HttpReply, schema: S, read: boolean, hide: (text: string) => string): z.output<S> {
    const lost = read ? 'retryable' as const : 'unknown_outcome' as const
    const body = parsed(answer.body)
    const refused = reply.refusal.safeParse(body)
    if (answer.status === 401 || answer.status === 403 || refused.success) {
      const said = refused.data?.cpanelresult.data?.reason ?? refused.data?.cpanelresult.error ?? `status ${answer.status}`
      throw new DriverError('action_required', `WHM: ${call}: ${hide(plain(said))} (the token is not accepted, or lacks a right)`, { who: 'sysadmin' })
    }
    if (answer.status >= 500) throw new DriverError(lost, `WHM: ${call}: status ${answer.status}`, { afterSeconds: 15 })
    if (answer.status !== 200) throw new DriverError('permanent', `WHM: ${call}: status ${answer.status}`)
    const whole = reply.envelope.safeParse(body)
    if (!whole.success) throw new DriverError(lost, `WHM: the answer to ${call} is not in the form of API 1`)
    const { metadata } = whole.data
    if (metadata.result !== 1) throw new PanelRefusal(call, hide(plain(metadata.reason ?? 'refused without a reason')))
    const data = schema.safeParse(whole.data.data)
    if (data.success) return data.data
    throw new DriverError(read ? 'permanent' : 'unknown_outcome', `WHM: the answer to ${call} has an unknown form (${data.error.issues[0]?.path.join('.') ?? ''}: ${data.error.issues[0]?.message ?? ''})`)
  }

  return {
    read: async (call, schema, params = {}) => check(call, await http.request({ method: 'GET', path: `/${call}`, query: { 'api.version': '1', ...params } }), schema, true, http.redact),
    async act(call, params, schema, { slow = false, secrets = [] } = {}) {
      const hide = (text: string) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), http.redact(text))
      const answer = await http.request({ method: 'POST', path: `/${call}`, form: { 'api.version': '1', ...params }, ...(slow ? { totalMilliseconds: slowMilliseconds } : {}) })
      return check(call, answer, schema, false, hide)
    },
    close: () => http.close(),
  }
}

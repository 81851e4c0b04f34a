import type { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorAccess } from '#server/infrastructure/ports.ts'
import { createHttpClient } from '../../http.ts'
import type { HttpClient, HttpReply } from '../../http.ts'
import { trustOf } from '../../reach.ts'
import * as reply from './schema.ts'
import { toDriverError } from './transform.ts'

export type Params = Readonly<Record<string, string>>

/** Proxmox VE's API2 as it is on the wire: forms in, `{data}` out, messages in the status line. Source: pve-http-server, the API viewer. */
export interface ProxmoxApi {
  get<S extends z.ZodType>(path: string, schema: S, query?: Params): Promise<z.output<S>>
  post<S extends z.ZodType>(path: string, form: Params, schema: S): Promise<z.output<S>>
  put<S extends z.ZodType>(path: string, form: Params, schema: S): Promise<z.output<S>>
  /** Parameters go into the query: a body is refused. */
  delete<S extends z.ZodType>(path: string, query: Params, schema: S): Promise<z.output<S>>
  close(): void
}

/** `['nodes', 'pve', 'tasks', upid]` → an encoded path. */
export const path = (...segments: readonly (string | number)[]): string => segments.map(segment => `/${encodeURIComponent(segment)}`).join('')

/** The body's message where there is one (since January 2025), the parameters that were wrong, else the status line. */
function messageOf({ statusText, body }: HttpReply): string {
  let parsed: z.output<typeof reply.failureBody> = {}
  try {
    parsed = reply.failureBody.catch({}).parse(JSON.parse(body))
  } catch {
    // No JSON: the status line says all there is.
  }
  const fields = Object.entries(parsed.errors ?? {}).map(([name, why]) => `${name}: ${why.trim()}`).join('; ')
  return [(parsed.message ?? statusText).trim(), fields].filter(Boolean).join(' ').slice(0, 500)
}

export function proxmoxApi(access: HypervisorAccess, timeouts: { readonly connectMilliseconds?: number, readonly totalMilliseconds?: number } = {}): ProxmoxApi {
  const http: HttpClient = createHttpClient({
    name: 'Proxmox', baseUrl: `${access.url.replace(/\/+$/, '')}/api2/json`, tls: trustOf('Proxmox', access.tls), secrets: [access.tokenSecret], headers: { authorization: `PVEAPIToken=${access.tokenId}=${access.tokenSecret}` }, totalMilliseconds: 30_000, ...timeouts,
  })
  async function call<S extends z.ZodType>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', at: string, schema: S, params: Params): Promise<z.output<S>> {
    const inQuery = method === 'GET' || method === 'DELETE'
    const answer = await http.request({ method, path: at, ...(inQuery ? { query: params } : { form: params }) })
    if (answer.status !== 200) throw toDriverError(answer.status, http.redact(messageOf(answer)), method === 'GET')
    let data: unknown
    try {
      data = (JSON.parse(answer.body) as { data?: unknown }).data
    } catch {
      throw new DriverError(method === 'GET' ? 'retryable' : 'unknown_outcome', `Proxmox: the answer to ${method} ${at} is not JSON`)
    }
    const parsed = schema.safeParse(data)
    if (parsed.success) return parsed.data
    throw new DriverError(method === 'GET' ? 'permanent' : 'unknown_outcome', `Proxmox: the answer to ${method} ${at} has an unknown form (${parsed.error.issues[0]?.message ?? ''})`)
  }
  return {
    get: (at, schema, query = {}) => call('GET', at, schema, query),
    post: (at, form, schema) => call('POST', at, schema, form),
    put: (at, form, schema) => call('PUT', at, schema, form),
    delete: (at, query, schema) => call('DELETE', at, schema, query),
    close: () => http.close(),
  }
}

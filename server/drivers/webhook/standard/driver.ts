import { promises as dns } from 'node:dns'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { DeliveryError } from '#shared/vocabulary/outgoing-webhooks.ts'
import type { SentWebhook, WebhookSender } from '#server/notifications/webhook-ports.ts'
import { isPublicAddress } from './public-address.ts'
import { signWebhook } from './signature.ts'

interface Options {
  /** `host:port` that may be private and may be spoken to without TLS: receivers of a demo or of tests. */
  readonly allow: readonly string[]
  readonly resolve?: (host: string) => Promise<readonly string[]>
  /** DNS, connection and answer together. */
  readonly milliseconds?: number
}
type Target = { readonly url: URL, readonly address: string } | { readonly refused: 'webhook_url_shape' | 'webhook_address_private' | 'webhook_address_unknown' }

const answerLength = 500
const resolveAll = async (host: string) => (await dns.lookup(host, { all: true })).map(found => found.address)
const portOf = (url: URL) => Number(url.port || (url.protocol === 'https:' ? 443 : 80))

/**
 * Sends Standard Webhooks. The name is resolved once for each message, every address of it has to be public, and the connection goes to an
 * address of that very answer: a name that answers differently afterwards (DNS rebinding) reaches nothing else. TLS proves the name.
 */
export function webhookSender({ allow, resolve = resolveAll, milliseconds = 10_000 }: Options): WebhookSender {
  async function targetOf(text: string): Promise<Target> {
    if (!URL.canParse(text)) return { refused: 'webhook_url_shape' }
    const url = new URL(text)
    const port = portOf(url)
    const allowed = allow.includes(`${url.hostname}:${port}`)
    if (url.username || url.password || (url.protocol !== 'https:' && !(allowed && url.protocol === 'http:')) || (port !== 443 && port < 1024)) return { refused: 'webhook_url_shape' }
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const addresses = isIP(host) ? [host] : await resolve(host).catch(() => [])
    // IPv4 first: not every house reaches IPv6.
    const address = addresses.toSorted((a, b) => isIP(a) - isIP(b))[0]
    if (!address) return { refused: 'webhook_address_unknown' }
    return allowed || addresses.every(isPublicAddress) ? { url, address } : { refused: 'webhook_address_private' }
  }
  const bounded = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
    const late = Promise.withResolvers<never>()
    const stop = () => late.reject(signal.reason)
    signal.addEventListener('abort', stop)
    return Promise.race([work, late.promise]).finally(() => signal.removeEventListener('abort', stop))
  }
  return {
    async refusal(url) {
      const target = await bounded(targetOf(url), AbortSignal.timeout(milliseconds)).catch((): Target => ({ refused: 'webhook_address_unknown' }))
      return 'refused' in target ? target.refused : null
    },
    async send({ url: text, id, at, body, secrets }) {
      const signal = AbortSignal.timeout(milliseconds)
      try {
        const target = await bounded(targetOf(text), signal)
        if ('refused' in target) return failed(target.refused === 'webhook_address_unknown' ? 'address_unknown' : 'address_refused')
        const timestamp = Math.floor(at.getTime() / 1000)
        return await post(target, body, { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signWebhook(secrets, { id, timestamp, body }) }, signal)
      } catch (error) {
        return failed(signal.aborted ? 'no_answer' : errorOf(error))
      }
    },
  }
}

const failed = (error: DeliveryError): SentWebhook => ({ ok: false, status: null, error, answer: '', retryAfterSeconds: null })

function errorOf(error: unknown): DeliveryError {
  const code = error instanceof Error ? String((error as NodeJS.ErrnoException).code ?? '') : ''
  if (/CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code)) return 'certificate'
  return /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES/.test(code) ? 'no_connection' : 'no_answer'
}

function post({ url, address }: { readonly url: URL, readonly address: string }, body: string, signed: Readonly<Record<string, string>>, signal: AbortSignal): Promise<SentWebhook> {
  const { promise, resolve, reject } = Promise.withResolvers<SentWebhook>()
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const options = {
    host: address, port: portOf(url), path: `${url.pathname}${url.search}`, method: 'POST', agent: false as const, signal,
    headers: { 'host': url.host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': 'Gardu', ...signed },
  }
  const request = url.protocol === 'https:' ? httpsRequest({ ...options, minVersion: 'TLSv1.2', ...(isIP(name) ? {} : { servername: name }) }) : httpRequest(options)
  request.once('response', reply => read(reply).then(resolve, reject))
  // Stays: what breaks after the answer was cut is nobody's concern any more.
  request.on('error', reject)
  request.end(body)
  return promise
}

async function read(reply: IncomingMessage): Promise<SentWebhook> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of reply as AsyncIterable<Buffer>) {
    parts.push(part)
    length += part.length
    if (length > answerLength * 4) break
  }
  const status = reply.statusCode ?? 0
  const ok = status >= 200 && status < 300
  const error = ok ? null : status === 410 ? 'gone' : status >= 300 && status < 400 ? 'redirected' : 'refused'
  // PostgreSQL keeps no NUL in a text.
  return { ok, status, error, answer: Buffer.concat(parts).toString('utf8').replaceAll('\0', '').slice(0, answerLength), retryAfterSeconds: retryAfter(reply.headers['retry-after']) }
}

/** Seconds, or a date. */
function retryAfter(header: string | undefined): number | null {
  if (!header) return null
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}

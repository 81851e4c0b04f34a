import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { DeliveryError } from '#shared/vocabulary/outgoing-webhooks.ts'
import type { SentWebhook, WebhookSender } from '#server/notifications/webhook-ports.ts'
import { ConnectFailure, createHttpClient } from '../../http.ts'
import type { HttpReply } from '../../http.ts'
import { isPublicAddress } from './public-address.ts'
import { signWebhook } from './signature.ts'

interface Options {
  /** `host:port` that may be private and may be spoken to without TLS: receivers of a demo or of tests. */
  readonly allow: readonly string[]
  readonly resolve?: (host: string) => Promise<readonly string[]>
  /** DNS, connection and answer together. */
  readonly milliseconds?: number
}

const answerLength = 500
const resolveAll = async (host: string) => (await dns.lookup(host, { all: true })).map(found => found.address)
const portOf = (url: URL) => Number(url.port || (url.protocol === 'https:' ? 443 : 80))
class PrivateAddress extends ConnectFailure {}

/**
 * Sends Standard Webhooks. The name is resolved once for each message, every address of it has to be public, and the connection goes to an
 * address of that very answer: a name that answers differently afterwards (DNS rebinding) reaches nothing else. TLS proves the name.
 */
export function webhookSender({ allow, resolve = resolveAll, milliseconds = 10_000 }: Options): WebhookSender {
  const isAllowed = (url: URL) => allow.includes(`${url.hostname}:${portOf(url)}`)
  /** Null: nothing is sent to an address of this form. */
  function shapeOf(text: string): URL | null {
    if (!URL.canParse(text)) return null
    const url = new URL(text)
    const safe = url.protocol === 'https:' || (url.protocol === 'http:' && isAllowed(url))
    return safe && !url.username && !url.password && (portOf(url) === 443 || portOf(url) >= 1024) ? url : null
  }
  /** The address to connect to. @throws ConnectFailure */
  const addressOf = (url: URL) => async (name: string): Promise<string> => {
    const host = name.replace(/^\[|\]$/g, '')
    const addresses = isIP(host) ? [host] : await resolve(host).catch(() => [])
    // IPv4 first: not every house reaches IPv6.
    const address = addresses.toSorted((a, b) => isIP(a) - isIP(b))[0]
    if (!address) throw new ConnectFailure('dns', `the name ${host} cannot be resolved`)
    if (!isAllowed(url) && !addresses.every(isPublicAddress)) throw new PrivateAddress('dns', `${host} is not a public address`)
    return address
  }
  return {
    async refusal(text) {
      const url = shapeOf(text)
      if (!url) return 'webhook_url_shape'
      const late = pause(milliseconds, undefined, { ref: false }).then(() => {
        throw new ConnectFailure('dns', `the name ${url.hostname} was not resolved in time`)
      })
      return Promise.race([addressOf(url)(url.hostname), late]).then(() => null, error => error instanceof PrivateAddress ? 'webhook_address_private' : 'webhook_address_unknown')
    },
    async send({ url: text, id, at, body, secrets }) {
      const url = shapeOf(text)
      if (!url) return failed('address_refused')
      const timestamp = Math.floor(at.getTime() / 1000)
      const client = createHttpClient({ name: 'webhook', baseUrl: url.origin, resolve: addressOf(url), connectMilliseconds: milliseconds, totalMilliseconds: milliseconds, maxBytes: 1_048_576 })
      try {
        return toSent(await client.request({
          method: 'POST', path: `${url.pathname}${url.search}`, text: body,
          headers: { 'content-type': 'application/json', 'user-agent': 'Gardu', 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signWebhook(secrets, { id, timestamp, body }) },
        }))
      } catch (error) {
        return failed(errorOf(error))
      } finally {
        client.close()
      }
    },
  }
}

const failed = (error: DeliveryError): SentWebhook => ({ ok: false, status: null, error, answer: '', retryAfterSeconds: null })

const failures = { dns: 'address_unknown', tcp: 'no_connection', tls: 'certificate' } as const
function errorOf(error: unknown): DeliveryError {
  const early = error instanceof DriverError ? error.cause : error
  if (early instanceof PrivateAddress) return 'address_refused'
  return early instanceof ConnectFailure ? failures[early.step] : 'no_answer'
}

function toSent({ status, body, headers }: HttpReply): SentWebhook {
  const ok = status >= 200 && status < 300
  const error = ok ? null : status === 410 ? 'gone' : status >= 300 && status < 400 ? 'redirected' : 'refused'
  // PostgreSQL keeps no NUL in a text.
  return { ok, status, error, answer: body.replaceAll('\0', '').slice(0, answerLength), retryAfterSeconds: retryAfter(headers['retry-after']) }
}

/** Seconds, or a date. */
function retryAfter(header: string | undefined): number | null {
  if (!header) return null
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}

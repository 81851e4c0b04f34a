import type { Clock, Log, SecretBox, Transact } from '../kernel/ports.ts'
import { webhookPayload } from './webhook-payload.ts'
import type { DeliveryOutcome, SentWebhook, WebhookDeliveryStore, WebhookEndpoint, WebhookSender, WebhookStores } from './webhook-ports.ts'

interface Deps {
  readonly transact: Transact<WebhookStores>, readonly deliveries: WebhookDeliveryStore, readonly sender: WebhookSender, readonly secrets: SecretBox
  readonly clock: Clock
  /** The receiver compares the time of a signature with his own. */
  readonly wallClock: Clock
  readonly log: Log, readonly seller: string
}

/** Seconds from a failure to the next attempt: ten attempts in about twenty-two hours. */
const backOff = [30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 28_800]
const longestAsked = 3600

/** Seconds until the next attempt after `failures` of them; what the endpoint asks for is heard up to an hour. Null: no further one. */
export function nextAttemptIn(failures: number, retryAfterSeconds: number | null): number | null {
  const wait = backOff[failures - 1]
  return wait === undefined ? null : Math.max(wait, Math.min(retryAfterSeconds ?? 0, longestAsked))
}

/** The secrets that sign at this moment, the present one first. @throws when they cannot be opened */
export const signingSecrets = ({ secret, previousSecret, previousUntil }: WebhookEndpoint, secrets: SecretBox, now: Date): string[] =>
  [secret, ...(previousSecret && previousUntil && previousUntil > now ? [previousSecret] : [])].map(sealed => secrets.open(sealed))

const unsent = (error: 'paused' | 'secret_lost'): SentWebhook => ({ ok: false, status: null, error, answer: '', retryAfterSeconds: null })

/**
 * One attempt of one delivery. Sent at least once: whoever receives it twice knows it by its id. A failure is tried again later, then the
 * delivery is dead and waits for staff; `410 Gone` pauses the endpoint. Nothing of it touches the mail, the portal or the calendar.
 */
export const sendWebhook = (deps: Deps) => async ({ deliveryId, attempts }: { readonly deliveryId: string, readonly attempts: number }): Promise<void> => {
  const { transact, deliveries, clock, log, seller } = deps
  const due = await deliveries.load(deliveryId)
  if (!due || due.status !== 'waiting' || due.attempts !== attempts) return
  const body = due.payload ?? webhookPayload(due, seller)
  if (due.payload === null) await deliveries.keepPayload(deliveryId, body)
  const sent = await attempt(deps, due.endpoint, deliveryId, body)
  const now = clock.now()
  const waits = sent.ok || sent.error === 'gone' || sent.error === 'paused' ? null : nextAttemptIn(due.round + 1, sent.retryAfterSeconds)
  const outcome: DeliveryOutcome = { status: sent.ok ? 'delivered' : waits === null ? 'dead' : 'waiting', nextAttemptAt: waits === null ? null : new Date(now.getTime() + waits * 1000), answeredStatus: sent.status, error: sent.error, answer: sent.answer }
  await transact(async (stores) => {
    // The endpoint first, as everywhere.
    const endpoint = await stores.webhookEndpoints.lock(due.endpoint.id)
    if (!endpoint || !await stores.webhookDeliveries.settle(deliveryId, attempts, outcome, now)) return
    if (sent.error !== 'paused') await stores.webhookEndpoints.recordAttempt(endpoint.id, sent.ok, now)
    if (sent.error === 'gone' && !endpoint.pausedBy) await stores.webhookEndpoints.setPause(endpoint.id, 'endpoint')
    if (waits !== null) await stores.outbox.emit('notifications.webhook-due', { deliveryId, attempts: attempts + 1 }, { startAfterSeconds: waits })
  })
  if (outcome.status === 'dead') log.warn({ deliveryId, endpoint: due.endpoint.id, error: sent.error, status: sent.status }, 'a webhook delivery is dead')
}

async function attempt({ sender, secrets, clock, wallClock }: Deps, endpoint: WebhookEndpoint, id: string, body: string): Promise<SentWebhook> {
  if (endpoint.pausedBy) return unsent('paused')
  let signing: string[]
  try {
    signing = signingSecrets(endpoint, secrets, clock.now())
  } catch {
    return unsent('secret_lost')
  }
  return sender.send({ url: endpoint.url, id, at: wallClock.now(), body, secrets: signing })
}

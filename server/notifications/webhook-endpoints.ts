import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, Clock, NewId, Page, PageRequest, SecretBox, Transact } from '../kernel/ports.ts'
import type { DeliveryStatus } from '#shared/vocabulary/outgoing-webhooks.ts'
import { signingSecrets } from './send-webhook.ts'
import type { DeliveryRow, EndpointFields, WebhookDeliveryStore, WebhookEndpoint, WebhookEndpointStore, WebhookSender, WebhookStores } from './webhook-ports.ts'

export interface WebhookDeps {
  readonly transact: Transact<WebhookStores>, readonly endpoints: WebhookEndpointStore, readonly deliveries: WebhookDeliveryStore, readonly sender: WebhookSender, readonly secrets: SecretBox
  readonly clock: Clock, readonly wallClock: Clock, readonly newId: NewId, readonly newSecret: () => string
}
interface On { readonly actor: Actor, readonly id: string }
const mostEndpoints = 20
/** How long an old secret signs beside the new one. */
const overlapMilliseconds = 24 * 3_600_000
const mostReplayed = 1000

const text = (at: Date | null) => at?.toISOString() ?? null
/** What the audit log keeps: never a secret. */
const audited = ({ name, url, money, services, dunning }: EndpointFields) => ({ name, url, money, services, dunning })
async function locked(stores: WebhookStores, id: string): Promise<WebhookEndpoint> {
  const found = await stores.webhookEndpoints.lock(id)
  if (!found) throw new AppError('not_found')
  return found
}
async function requirePublic(sender: WebhookSender, url: string) {
  const refusal = await sender.refusal(url)
  if (refusal) throw fieldError('url', refusal)
}

/** All endpoints, without their secrets. */
export const listWebhookEndpoints = ({ endpoints, clock }: WebhookDeps) => async () => ({
  items: (await endpoints.list()).map(({ secret: _, previousSecret: __, previousUntil, createdAt, lastSuccessAt, lastFailureAt, failingSince, terms, ...row }) => ({
    ...row, terms: [...terms], previousSecretUntil: previousUntil && previousUntil > clock.now() ? previousUntil.toISOString() : null, createdAt: createdAt.toISOString(), lastSuccessAt: text(lastSuccessAt), lastFailureAt: text(lastFailureAt), failingSince: text(failingSince),
  })),
})

/** Adds an endpoint and answers its secret this once. @throws AppError invalid_input: an address that is not public, a name that is taken, too many */
export const createWebhookEndpoint = ({ transact, sender, secrets, clock, newId, newSecret }: WebhookDeps) => async ({ actor, fields }: { readonly actor: Actor, readonly fields: EndpointFields }) => {
  await requirePublic(sender, fields.url)
  const [id, secret] = [newId(), newSecret()]
  await transact(async (stores) => {
    if ((await stores.webhookEndpoints.list()).length >= mostEndpoints) throw fieldError('name', 'too_many_kept')
    if (!await stores.webhookEndpoints.insert(id, fields, secrets.seal(secret), clock.now())) throw fieldError('name', 'name_taken')
    await stores.audit.record({ actor, action: 'webhook_endpoint.create', entity: 'webhook_endpoint', entityId: id, after: audited(fields) })
  })
  return { id, secret }
}

/** Its secret stays. @throws AppError not_found, invalid_input */
export const updateWebhookEndpoint = ({ transact, sender, clock }: WebhookDeps) => async ({ actor, id, fields }: On & { readonly fields: EndpointFields }): Promise<void> => {
  await requirePublic(sender, fields.url)
  await transact(async (stores) => {
    const before = await locked(stores, id)
    if (!await stores.webhookEndpoints.update(id, fields, clock.now())) throw fieldError('name', 'name_taken')
    await stores.audit.record({ actor, action: 'webhook_endpoint.update', entity: 'webhook_endpoint', entityId: id, before: audited(before), after: audited(fields) })
  })
}

/** Its deliveries go with it, and billing terms stop naming it. @throws AppError not_found */
export const deleteWebhookEndpoint = ({ transact }: WebhookDeps) => ({ actor, id }: On): Promise<void> => transact(async (stores) => {
  const before = await locked(stores, id)
  await stores.webhookEndpoints.remove(id)
  await stores.audit.record({ actor, action: 'webhook_endpoint.delete', entity: 'webhook_endpoint', entityId: id, before: audited(before) })
})

/** A paused endpoint is told of nothing new, and what waits for it is dead at its next attempt; staff replay it. @throws AppError not_found */
export const pauseWebhookEndpoint = ({ transact }: WebhookDeps) => ({ actor, id, paused }: On & { readonly paused: boolean }): Promise<void> => transact(async (stores) => {
  const before = await locked(stores, id)
  if ((before.pausedBy !== null) === paused) return
  await stores.webhookEndpoints.setPause(id, paused ? 'staff' : null)
  await stores.audit.record({ actor, action: paused ? 'webhook_endpoint.pause' : 'webhook_endpoint.resume', entity: 'webhook_endpoint', entityId: id, before: { pausedBy: before.pausedBy }, after: { pausedBy: paused ? 'staff' : null } })
})

/** A new secret, answered this once; the one before it signs beside it for a day. @throws AppError not_found */
export const rotateWebhookSecret = ({ transact, secrets, clock, newSecret }: WebhookDeps) => async ({ actor, id }: On) => {
  const secret = newSecret()
  await transact(async (stores) => {
    await locked(stores, id)
    const until = new Date(clock.now().getTime() + overlapMilliseconds)
    await stores.webhookEndpoints.rotate(id, secrets.seal(secret), until)
    await stores.audit.record({ actor, action: 'webhook_endpoint.rotate', entity: 'webhook_endpoint', entityId: id, after: { previousSecretUntil: until.toISOString() } })
  })
  return { id, secret }
}

/** Sends a signed ping now, paused or not; it is no delivery and counts for nothing. @throws AppError not_found */
export const testWebhookEndpoint = ({ transact, endpoints, sender, secrets, clock, wallClock, newId }: WebhookDeps) => async ({ actor, id }: On) => {
  const endpoint = await endpoints.find(id)
  if (!endpoint) throw new AppError('not_found')
  const started = wallClock.now().getTime()
  const { ok, status, error, answer } = await ping()
  const milliseconds = wallClock.now().getTime() - started
  await transact(stores => stores.audit.record({ actor, action: 'webhook_endpoint.test', entity: 'webhook_endpoint', entityId: id, after: { ok, status, error } }))
  return { ok, status, error, answer, milliseconds }

  async function ping() {
    let signing: string[]
    try {
      signing = endpoint ? signingSecrets(endpoint, secrets, clock.now()) : []
    } catch {
      return { ok: false, status: null, error: 'secret_lost' as const, answer: '' }
    }
    return sender.send({ url: endpoint?.url ?? '', id: newId(), at: wallClock.now(), body: JSON.stringify({ type: 'ping', timestamp: clock.now().toISOString(), data: {} }), secrets: signing })
  }
}

/** Deliveries, newest first. */
export const listWebhookDeliveries = ({ deliveries }: WebhookDeps) => async (query: PageRequest & { readonly status?: DeliveryStatus | undefined, readonly endpointId?: string | undefined }) => {
  const page: Page<DeliveryRow> = await deliveries.list(query)
  return { ...page, items: page.items.map(({ createdAt, lastAttemptAt, nextAttemptAt, deliveredAt, ...row }) => ({ ...row, createdAt: createdAt.toISOString(), lastAttemptAt: text(lastAttemptAt), nextAttemptAt: text(nextAttemptAt), deliveredAt: text(deliveredAt) })) }
}

async function requeue(stores: WebhookStores, revived: readonly { readonly id: string, readonly attempts: number }[]) {
  await stores.outbox.emitMany('notifications.webhook-due', revived.map(({ id, attempts }) => ({ deliveryId: id, attempts })))
}

/** Sends a dead delivery again: the same id, the same text. @throws AppError not_found (there is none, or it is not dead) */
export const replayWebhookDelivery = ({ transact }: WebhookDeps) => ({ actor, id }: On): Promise<void> => transact(async (stores) => {
  const revived = await stores.webhookDeliveries.revive({ id })
  if (revived.length === 0) throw new AppError('not_found')
  await requeue(stores, revived)
  await stores.audit.record({ actor, action: 'webhook_delivery.replay', entity: 'webhook_delivery', entityId: id })
})

/** Sends the dead deliveries of an endpoint again, the oldest thousand at once. @throws AppError not_found */
export const replayDeadDeliveries = ({ transact }: WebhookDeps) => ({ actor, id }: On): Promise<{ replayed: number }> => transact(async (stores) => {
  await locked(stores, id)
  const revived = await stores.webhookDeliveries.revive({ endpointId: id, atMost: mostReplayed })
  await requeue(stores, revived)
  await stores.audit.record({ actor, action: 'webhook_endpoint.replay', entity: 'webhook_endpoint', entityId: id, after: { replayed: revived.length } })
  return { replayed: revived.length }
})

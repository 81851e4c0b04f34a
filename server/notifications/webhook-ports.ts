import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { DeliveryError, DeliveryStatus, DunningReach, PausedBy } from '#shared/vocabulary/outgoing-webhooks.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { Outbox, Page, PageRequest } from '../kernel/ports.ts'

export interface EndpointFields { readonly name: string, readonly url: string, readonly money: boolean, readonly services: boolean, readonly dunning: DunningReach }
/** Secrets are sealed. `previous` signs beside the present one until then. */
export interface WebhookEndpoint extends EndpointFields {
  readonly id: string, readonly secret: string, readonly previousSecret: string | null, readonly previousUntil: Date | null
  /** Null: it is told of notices. */
  readonly pausedBy: PausedBy | null
  readonly createdAt: Date, readonly lastSuccessAt: Date | null, readonly lastFailureAt: Date | null, readonly failingSince: Date | null
}
interface EndpointRow extends WebhookEndpoint { readonly waiting: number, readonly dead: number, readonly terms: readonly string[] }

export interface WebhookEndpointStore {
  /** All of them by name; at most twenty are kept. */
  list(): Promise<EndpointRow[]>
  find(id: string): Promise<WebhookEndpoint | null>
  /** With its row locked. */
  lock(id: string): Promise<WebhookEndpoint | null>
  /** False when another one has this name. */
  insert(id: string, fields: EndpointFields, sealed: string, at: Date): Promise<boolean>
  /** False when another one has this name. */
  update(id: string, fields: EndpointFields, at: Date): Promise<boolean>
  setPause(id: string, by: PausedBy | null): Promise<void>
  rotate(id: string, sealed: string, previousUntil: Date): Promise<void>
  recordAttempt(id: string, ok: boolean, at: Date): Promise<void>
  remove(id: string): Promise<void>
}

export interface DeliveryRow {
  readonly id: string, readonly endpointId: string, readonly endpointName: string, readonly type: string, readonly clientName: string | null, readonly status: DeliveryStatus, readonly attempts: number, readonly createdAt: Date, readonly lastAttemptAt: Date | null, readonly nextAttemptAt: Date | null, readonly deliveredAt: Date | null
  readonly payload: string | null, readonly answeredStatus: number | null, readonly error: DeliveryError | null, readonly answer: string | null
}
/** What an attempt needs: the delivery, where it goes, and what its words are made of. */
export interface DueDelivery {
  readonly id: string, readonly status: DeliveryStatus, readonly attempts: number, readonly round: number, readonly payload: string | null, readonly createdAt: Date, readonly endpoint: WebhookEndpoint
  readonly mail: { readonly template: string, readonly locale: Locale, readonly params: Readonly<Record<string, string>> }
  readonly client: { readonly id: string, readonly name: string, readonly email: string, readonly phone: string | null }
}
export interface DeliveryOutcome { readonly status: DeliveryStatus, readonly nextAttemptAt: Date | null, readonly answeredStatus: number | null, readonly error: DeliveryError | null, readonly answer: string }

export interface WebhookDeliveryStore {
  /** Newest first. */
  list(query: PageRequest & { readonly status?: DeliveryStatus | undefined, readonly endpointId?: string | undefined }): Promise<Page<DeliveryRow>>
  load(id: string): Promise<DueDelivery | null>
  keepPayload(id: string, payload: string): Promise<void>
  /** Counts the attempt and notes how it ended; false when it was not the `attempts`-th any more (another worker was faster). */
  settle(id: string, attempts: number, outcome: DeliveryOutcome, at: Date): Promise<boolean>
  /** Dead ones wait again, from the first back-off on, oldest first; answers them with the attempts that each had. Of one delivery, or of an endpoint. */
  revive(which: { readonly id: string } | { readonly endpointId: string, readonly atMost: number }): Promise<{ readonly id: string, readonly attempts: number }[]>
  /** Deletes up to `limit` that are over and were queued before this moment, the oldest first, past those that somebody else holds; answers how many. */
  forget(before: Date, limit: number): Promise<number>
}

export interface SentWebhook { readonly ok: boolean, readonly status: number | null, readonly error: DeliveryError | null, /** At most 500 characters. */ readonly answer: string, readonly retryAfterSeconds: number | null }
export interface WebhookSender {
  /** Why nothing may be sent there; null: it may. The name is resolved now, and again at every sending. */
  refusal(url: string): Promise<'webhook_url_shape' | 'webhook_address_private' | 'webhook_address_unknown' | null>
  /** One signed POST to an address that was proven public; never throws, follows no redirect. Every secret signs, the first one first. */
  send(message: { readonly url: string, readonly id: string, readonly at: Date, readonly body: string, readonly secrets: readonly string[] }): Promise<SentWebhook>
}

export interface WebhookStores { readonly webhookEndpoints: WebhookEndpointStore, readonly webhookDeliveries: WebhookDeliveryStore, readonly audit: AuditTrail, readonly outbox: Outbox }

import { and, asc, count, desc, eq, inArray, isNull, lt, ne, sql } from 'drizzle-orm'
import type { MailTemplate } from '#shared/vocabulary/mails.ts'
import { noticeGroupOf } from '#shared/vocabulary/outgoing-webhooks.ts'
import type { DueDelivery, WebhookDeliveryStore, WebhookEndpoint, WebhookEndpointStore } from '#server/notifications/webhook-ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { billingTerms, clientProfiles, mails, termsWebhooks, users, webhookDeliveries, webhookEndpoints } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

interface QueuedNotice { readonly id: string, readonly userId: string | null, readonly template: MailTemplate, /** Of reminders and final notices. */ readonly invoiceId?: string | undefined }

/** `invoice endpoint` for each endpoint that the terms of a service on the invoice name: those of its client's group, else of its product. */
async function namedByTerms(db: Executor, invoiceIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (invoiceIds.length === 0) return new Set()
  const list = sql.join(invoiceIds.map(id => sql`${id}::uuid`), sql`, `)
  const found = await db.execute(sql`select distinct l.invoice_id, w.endpoint_id from invoice_lines l join services s on s.id = l.service_id
    left join client_group_members m on m.client_id = s.client_id left join client_groups g on g.id = m.group_id left join product_terms p on p.product_id = s.product_id
    join terms_webhooks w on w.terms_id = coalesce(g.terms_id, p.terms_id) where l.invoice_id in (${list})`)
  return new Set((found as unknown as { rows: { invoice_id: string, endpoint_id: string }[] }).rows.map(row => `${row.invoice_id} ${row.endpoint_id}`))
}

/**
 * Queues the deliveries of notices in their own transaction: what is rolled back is never told. One notice, one delivery per endpoint. The
 * endpoints' rows are held against deletion alone, so that no attempt and no change of theirs makes billing wait.
 */
export async function queueDeliveries(db: Executor, context: StoreContext, notices: readonly QueuedNotice[]): Promise<void> {
  const told = notices.filter(({ userId, template }) => userId !== null && noticeGroupOf(template) !== null)
  if (told.length === 0) return
  const endpoints = await db.select({ id: webhookEndpoints.id, money: webhookEndpoints.money, services: webhookEndpoints.services, dunning: webhookEndpoints.dunning }).from(webhookEndpoints).where(isNull(webhookEndpoints.pausedBy)).orderBy(asc(webhookEndpoints.id)).limit(20).for('key share')
  if (endpoints.length === 0) return
  const dunned = endpoints.some(({ dunning }) => dunning === 'named') ? told.filter(({ template }) => noticeGroupOf(template) === 'dunning') : []
  const named = await namedByTerms(db, dunned.flatMap(({ invoiceId }) => invoiceId ?? []))
  const hears = (endpoint: typeof endpoints[number], { template, invoiceId }: QueuedNotice) => {
    const group = noticeGroupOf(template)
    return group === 'dunning' ? endpoint.dunning === 'all' || (endpoint.dunning === 'named' && named.has(`${invoiceId} ${endpoint.id}`)) : group !== null && endpoint[group]
  }
  const createdAt = context.now()
  const rows = told.flatMap(notice => endpoints.filter(endpoint => hears(endpoint, notice)).map(endpoint => ({ id: context.newId(), endpointId: endpoint.id, mailId: notice.id, status: 'waiting' as const, attempts: 0, round: 0, nextAttemptAt: createdAt, createdAt })))
  const queued = await insertRows<typeof webhookDeliveries, { id: string }>(db, webhookDeliveries, rows, sql`on conflict do nothing returning id`)
  await context.outbox.emitMany('notifications.webhook-due', queued.map(({ id }) => ({ deliveryId: id, attempts: 0 })))
}

function endpointStore(db: Executor): WebhookEndpointStore {
  const taken = async (id: string, name: string) => {
    const [other] = await db.select({ id: webhookEndpoints.id }).from(webhookEndpoints).where(and(sql`lower(${webhookEndpoints.name}) = lower(${name})`, ne(webhookEndpoints.id, id)))
    return other !== undefined
  }
  const one = async (id: string, lock: boolean): Promise<WebhookEndpoint | null> => {
    const query = db.select().from(webhookEndpoints).where(eq(webhookEndpoints.id, id))
    const [row] = await (lock ? query.for('no key update') : query)
    return row ?? null
  }
  return {
    async list() {
      const rows = await db.select().from(webhookEndpoints).orderBy(asc(webhookEndpoints.name)).limit(20)
      const counted = await db.select({ endpointId: webhookDeliveries.endpointId, status: webhookDeliveries.status, n: count() }).from(webhookDeliveries).where(inArray(webhookDeliveries.status, ['waiting', 'dead'])).groupBy(webhookDeliveries.endpointId, webhookDeliveries.status)
      const naming = await db.select({ endpointId: termsWebhooks.endpointId, name: billingTerms.name }).from(termsWebhooks).innerJoin(billingTerms, eq(billingTerms.id, termsWebhooks.termsId)).orderBy(asc(billingTerms.name)).limit(2000)
      const number = (id: string, status: 'waiting' | 'dead') => counted.find(row => row.endpointId === id && row.status === status)?.n ?? 0
      return rows.map(row => ({ ...row, waiting: number(row.id, 'waiting'), dead: number(row.id, 'dead'), terms: naming.filter(({ endpointId }) => endpointId === row.id).map(({ name }) => name) }))
    },
    find: id => one(id, false),
    lock: id => one(id, true),
    async insert(id, fields, sealed, at) {
      if (await taken(id, fields.name)) return false
      await db.insert(webhookEndpoints).values({ id, ...fields, secret: sealed, createdAt: at, updatedAt: at })
      return true
    },
    async update(id, { name, url, money, services, dunning }, at) {
      if (await taken(id, name)) return false
      await db.update(webhookEndpoints).set({ name, url, money, services, dunning, updatedAt: at }).where(eq(webhookEndpoints.id, id))
      return true
    },
    async setPause(id, by) {
      await db.update(webhookEndpoints).set({ pausedBy: by }).where(eq(webhookEndpoints.id, id))
    },
    async rotate(id, sealed, previousUntil) {
      await db.update(webhookEndpoints).set({ secret: sealed, previousSecret: sql`${webhookEndpoints.secret}`, previousUntil }).where(eq(webhookEndpoints.id, id))
    },
    async recordAttempt(id, ok, at) {
      await db.update(webhookEndpoints).set(ok ? { lastSuccessAt: at, failingSince: null } : { lastFailureAt: at, failingSince: sql`coalesce(${webhookEndpoints.failingSince}, ${at.toISOString()}::timestamptz)` }).where(eq(webhookEndpoints.id, id))
    },
    async remove(id) {
      await db.delete(webhookEndpoints).where(eq(webhookEndpoints.id, id))
    },
  }
}

const deliveryStore = (db: Executor): WebhookDeliveryStore => ({
  async list({ page, pageSize, status, endpointId }) {
    const where = and(status ? eq(webhookDeliveries.status, status) : undefined, endpointId ? eq(webhookDeliveries.endpointId, endpointId) : undefined)
    const d = webhookDeliveries
    const items = await db.select({ id: d.id, endpointId: d.endpointId, endpointName: webhookEndpoints.name, type: mails.template, clientName: users.name, status: d.status, attempts: d.attempts, createdAt: d.createdAt, lastAttemptAt: d.lastAttemptAt, nextAttemptAt: d.nextAttemptAt, deliveredAt: d.deliveredAt, payload: d.payload, answeredStatus: d.answeredStatus, error: d.error, answer: d.answer })
      .from(d).innerJoin(webhookEndpoints, eq(webhookEndpoints.id, d.endpointId)).innerJoin(mails, eq(mails.id, d.mailId)).leftJoin(users, eq(users.id, mails.userId))
      .where(where).orderBy(desc(d.createdAt), desc(d.id)).limit(pageSize).offset((page - 1) * pageSize)
    const [counted] = await db.select({ total: count() }).from(d).where(where)
    return { items, total: counted?.total ?? 0, page, pageSize }
  },
  async load(id) {
    const [row] = await db.select({ delivery: webhookDeliveries, endpoint: webhookEndpoints, mail: { template: mails.template, locale: mails.locale, params: mails.params }, client: { id: users.id, name: users.name, email: users.email, phone: clientProfiles.phone } })
      .from(webhookDeliveries).innerJoin(webhookEndpoints, eq(webhookEndpoints.id, webhookDeliveries.endpointId)).innerJoin(mails, eq(mails.id, webhookDeliveries.mailId)).innerJoin(users, eq(users.id, mails.userId)).leftJoin(clientProfiles, eq(clientProfiles.userId, users.id)).where(eq(webhookDeliveries.id, id))
    if (!row) return null
    const { status, attempts, round, payload, createdAt } = row.delivery
    return { id, status, attempts, round, payload, createdAt, endpoint: row.endpoint, mail: row.mail, client: row.client } satisfies DueDelivery
  },
  async keepPayload(id, payload) {
    await db.update(webhookDeliveries).set({ payload }).where(and(eq(webhookDeliveries.id, id), sql`${webhookDeliveries.payload} is null`))
  },
  async settle(id, attempts, outcome, at) {
    const settled = await db.update(webhookDeliveries).set({ ...outcome, attempts: attempts + 1, round: sql`${webhookDeliveries.round} + 1`, lastAttemptAt: at, ...(outcome.status === 'delivered' ? { deliveredAt: at } : {}) })
      .where(and(eq(webhookDeliveries.id, id), eq(webhookDeliveries.status, 'waiting'), eq(webhookDeliveries.attempts, attempts))).returning({ id: webhookDeliveries.id })
    return settled.length > 0
  },
  async forget(before, limit) {
    const d = webhookDeliveries
    const oldest = db.select({ id: d.id }).from(d).where(and(lt(d.createdAt, before), ne(d.status, 'waiting'))).orderBy(asc(d.createdAt)).limit(limit).for('update', { skipLocked: true })
    return (await db.delete(d).where(inArray(d.id, oldest)).returning({ id: d.id })).length
  },
  async revive(which) {
    const dead = 'id' in which ? eq(webhookDeliveries.id, which.id) : eq(webhookDeliveries.endpointId, which.endpointId)
    const oldest = db.select({ id: webhookDeliveries.id }).from(webhookDeliveries).where(and(dead, eq(webhookDeliveries.status, 'dead'))).orderBy(asc(webhookDeliveries.createdAt)).limit('id' in which ? 1 : which.atMost).for('update')
    return db.update(webhookDeliveries).set({ status: 'waiting', round: 0 }).where(and(inArray(webhookDeliveries.id, oldest), eq(webhookDeliveries.status, 'dead'))).returning({ id: webhookDeliveries.id, attempts: webhookDeliveries.attempts })
  },
})

export const outgoingWebhookStores = (db: Executor) => ({ webhookEndpoints: endpointStore(db), webhookDeliveries: deliveryStore(db) })

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import pino from 'pino'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Actor } from '#server/kernel/ports.ts'
import { mailRequest } from '#server/notifications/ports.ts'
import { signingSecrets } from '#server/notifications/send-webhook.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day, hour } from '../support/billing.ts'

const actor: Actor = { kind: 'user', id: '018f0000-0000-7000-8000-000000000001', name: 'Rudi', role: 'sysadmin' }
interface Received { headers: Record<string, string>, body: string }
/** A receiver on loopback: answers what the test says and keeps what came. */
async function receiver() {
  const came: Received[] = []
  let answer: { status: number, headers?: Record<string, string>, body?: string } = { status: 204 }
  const server = createServer(async (request, reply) => {
    let body = ''
    for await (const part of request) body += String(part)
    came.push({ headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])), body })
    reply.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return { came, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/hook`, answerWith: (next: typeof answer) => answer = next, close: () => new Promise(done => server.close(done)) }
}

describe.each(databaseKinds())('outgoing webhooks on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let house: Awaited<ReturnType<typeof receiver>>
  let logged = ''
  const secretsGiven: string[] = []
  beforeAll(async () => {
    house = await receiver()
    test = await startTestApp({ kind, workers: false, env: { GARDU_WEBHOOK_ALLOW: house.host }, log: pino({ level: 'debug' }, { write: (line: string) => void (logged += line) }) })
    world = billingWorld(test.app)
  })
  afterAll(async () => {
    await test.close()
    await house.close()
  })
  beforeEach(async () => {
    await world.rows(sql`delete from webhook_endpoints`)
    await world.rows(sql`delete from pgboss.job`)
    house.came.length = 0
    house.answerWith({ status: 204 })
  })
  const app = () => test.app.notifications
  async function endpoint(fields: { name?: string, money?: boolean, services?: boolean, dunning?: 'none' | 'named' | 'all' } = {}) {
    const made = await app().createWebhookEndpoint({ actor, fields: { name: 'Relai WhatsApp', url: house.url, money: true, services: true, dunning: 'all', ...fields } })
    secretsGiven.push(made.secret)
    return made
  }
  const deliveries = async (query: { status?: 'waiting' | 'delivered' | 'dead', endpointId?: string } = {}) => (await app().listWebhookDeliveries({ page: 1, pageSize: 100, ...query })).items
  const one = async (id: string) => (await deliveries()).find(row => row.id === id)
  const send = (row: { id: string, attempts: number } | undefined) => app().sendWebhook({ deliveryId: row?.id ?? '', attempts: row?.attempts ?? 0 })
  const jobs = () => world.rows<{ data: { deliveryId: string, attempts: number }, wait: number }>(sql`select data, extract(epoch from start_after - created_on)::int as wait from pgboss.job where name = 'notifications.webhook-due' order by created_on`)
  const listed = async (id: string) => (await app().listWebhookEndpoints()).items.find(row => row.id === id)

  it('a notice is told once, signed so that an outside reader accepts it, with the client, a text in his language and a link', async () => {
    const { secret } = await endpoint()
    const { clientId, invoiceId } = await world.order()
    const [waiting, ...others] = await deliveries()
    expect(others).toEqual([])
    expect(waiting).toMatchObject({ type: 'invoice_issued', status: 'waiting', attempts: 0, payload: null })
    expect((await jobs()).map(job => job.data)).toEqual([{ deliveryId: waiting?.id, attempts: 0 }])
    await send(waiting)
    await send(waiting)
    expect(house.came).toHaveLength(1)
    const [got] = house.came
    const told = new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {}) as { type: string, data: Record<string, unknown> }
    const number = (await world.invoice(invoiceId)).number ?? '—'
    expect(got?.headers['webhook-id']).toBe(waiting?.id)
    expect(told).toMatchObject({ type: 'invoice_issued', data: { client: { id: clientId, name: 'Sari Dewi', phone: '+628123456789', locale: 'id' }, subject: expect.stringContaining(number), text: expect.stringContaining(`/portal/invoices/${invoiceId}`), url: expect.stringContaining(invoiceId), params: { number } } })
    expect(await one(waiting?.id ?? '')).toMatchObject({ status: 'delivered', attempts: 1, answeredStatus: 204, payload: got?.body })
    expect((await listed((await deliveries())[0]?.endpointId ?? ''))?.lastSuccessAt).not.toBeNull()
  })

  it('what is rolled back is never told, a cause that comes again is told once, and codes of account safety never', async () => {
    await endpoint()
    const clientId = await world.client()
    const to = { userId: clientId, recipient: 'x@contoh.test', locale: 'id' as const }
    const notice = mailRequest(to, 'credit_added', `credit:${clientId}`, { name: 'Sari', url: 'http://localhost:3000/portal/credit', amount: 'Rp 1' })
    await expect(test.app.core.transact(async (stores) => {
      await stores.mail.queue(notice)
      throw new Error('rolled back')
    })).rejects.toThrow('rolled back')
    expect([await deliveries(), await jobs()]).toEqual([[], []])
    for (let i = 0; i < 3; i++) await test.app.core.transact(stores => stores.mail.queue(notice))
    await test.app.core.transact(stores => stores.mail.queue(mailRequest(to, 'reset_password', `code:${clientId}`, { name: 'Sari', code: '482910' }), mailRequest(to, 'password_changed', `changed:${clientId}`, { name: 'Sari', at: 'now' })))
    expect((await deliveries()).map(row => row.type)).toEqual(['credit_added'])
  })

  it('an endpoint is told of what it asked for, and a paused one of nothing', async () => {
    const services = await endpoint({ name: 'Layanan', money: false, dunning: 'none' })
    const paused = await endpoint({ name: 'Diam' })
    await app().pauseWebhookEndpoint({ actor, id: paused.id, paused: true })
    await world.running()
    expect([...new Set((await deliveries()).map(row => `${row.endpointId} ${row.type}`))]).toEqual([`${services.id} service_ready`])
  })

  it('a failure is tried again later with the same id and text, ten times in a day; then it is dead, and staff send it again', async () => {
    const { id } = await endpoint()
    await world.order()
    house.answerWith({ status: 500, body: 'no'.repeat(400) })
    const waits: number[] = []
    for (let i = 0; i < 10; i++) {
      const [row] = await deliveries()
      expect(row).toMatchObject({ status: 'waiting', attempts: i })
      await world.rows(sql`delete from pgboss.job`)
      await send(row)
      waits.push(...(await jobs()).map(job => job.wait))
    }
    expect(waits).toHaveLength(9)
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(86_400)
    const [dead] = await deliveries({ status: 'dead', endpointId: id })
    expect(dead).toMatchObject({ attempts: 10, error: 'refused', answeredStatus: 500, answer: 'no'.repeat(250), nextAttemptAt: null })
    expect(new Set(house.came.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1)
    expect(await listed(id)).toMatchObject({ dead: 1, waiting: 0, lastSuccessAt: null, failingSince: expect.any(String) })
    house.answerWith({ status: 200 })
    await app().replayWebhookDelivery({ actor, id: dead?.id ?? '' })
    await send(await one(dead?.id ?? ''))
    expect(await one(dead?.id ?? '')).toMatchObject({ status: 'delivered', attempts: 11, payload: dead?.payload })
    expect(await listed(id)).toMatchObject({ dead: 0, failingSince: null })
    await expect(app().replayWebhookDelivery({ actor, id: dead?.id ?? '' })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('what the endpoint asks for by Retry-After is heard, up to an hour', async () => {
    await endpoint()
    await world.order()
    for (const [asked, heard] of [['900', 900], ['86400', 3600]] as const) {
      house.answerWith({ status: 503, headers: { 'retry-after': asked } })
      await world.rows(sql`delete from pgboss.job`)
      await send((await deliveries())[0])
      expect((await jobs()).map(job => job.wait)).toEqual([heard])
    }
  })

  it('410 pauses the endpoint and is not tried again; after it goes on all dead ones are sent again', async () => {
    const { id } = await endpoint({ services: false, dunning: 'none' })
    await world.order()
    await world.order()
    house.answerWith({ status: 410 })
    const [first, second] = await deliveries()
    await send(first)
    expect(await listed(id)).toMatchObject({ pausedBy: 'endpoint' })
    await send(second)
    expect((await deliveries({ status: 'dead' })).map(row => row.error).toSorted()).toEqual(['gone', 'paused'])
    expect(house.came).toHaveLength(1)
    house.answerWith({ status: 200 })
    await app().pauseWebhookEndpoint({ actor, id, paused: false })
    expect(await app().replayDeadDeliveries({ actor, id })).toEqual({ replayed: 2 })
    for (const row of await deliveries({ status: 'waiting' })) await send(row)
    expect((await deliveries({ status: 'delivered' })).length).toBe(2)
  })

  it('a redirect is not followed, and an address that became private is not spoken to', async () => {
    await endpoint()
    await world.order()
    house.answerWith({ status: 302, headers: { location: house.url } })
    await send((await deliveries())[0])
    expect(house.came).toHaveLength(1)
    expect((await deliveries())[0]).toMatchObject({ error: 'redirected', status: 'waiting' })
    await world.rows(sql`update webhook_endpoints set url = 'https://10.0.0.1/'`)
    await send((await deliveries())[0])
    expect((await deliveries())[0]).toMatchObject({ error: 'address_refused', status: 'waiting', attempts: 2 })
  })

  it('a new secret signs at once, the old one beside it for a day, and then no more', async () => {
    const made = await endpoint()
    const fresh = await app().rotateWebhookSecret({ actor, id: made.id })
    secretsGiven.push(fresh.secret)
    const verified = async () => {
      expect(await app().testWebhookEndpoint({ actor, id: made.id })).toMatchObject({ ok: true, status: 204 })
      const got = house.came.at(-1)
      return [made, fresh].map(({ secret }) => {
        try {
          return (new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {}) as { type: string }).type
        } catch {
          return 'refused'
        }
      })
    }
    expect(await verified()).toEqual(['ping', 'ping'])
    test.clock.advance(day + hour)
    expect(await verified()).toEqual(['refused', 'ping'])
    expect((await listed(made.id))?.previousSecretUntil).toBeNull()
  })

  it('reminders go to the endpoints that the terms of a service on the invoice name, and to those that hear of everybody\'s', async () => {
    const [named, , none] = [await endpoint({ name: 'Disebut', money: false, services: false, dunning: 'named' }), await endpoint({ name: 'Semua', money: false, services: false, dunning: 'all' }), await endpoint({ name: 'Tidak', dunning: 'none', money: false })]
    const [plain, special] = [await world.order(), await world.order()]
    const { house: numbers } = await test.app.billing.showTerms()
    const { lateFee: _, ...rest } = numbers
    const product = (await world.service(special.serviceId)).productId
    const terms = { id: null, name: `Relai ${kind}`, terms: { ...rest, lateFee: { kind: 'none' as const } }, productIds: [product], actor }
    await test.app.billing.saveTerms({ ...terms, webhookIds: [named.id, none.id] })
    const remind = ({ clientId, invoiceId }: typeof plain) => test.app.core.transact(stores => stores.mail.queue({ ...mailRequest({ userId: clientId, recipient: 'x@contoh.test', locale: 'id' }, 'final_notice', `final:${invoiceId}`, { name: 'Sari', url: 'http://localhost:3000/portal', number: '1', amount: 'Rp 1', dueOn: '1', suspendOn: '2', terminateOn: '3', hostname: 'a', product: 'b', overdue: 'yes', lateFee: '' }), invoiceId }))
    await remind(plain)
    expect((await deliveries()).map(row => row.endpointName)).toEqual(['Semua'])
    await remind(special)
    expect((await deliveries()).map(row => row.endpointName).toSorted()).toEqual(['Disebut', 'Semua', 'Semua'])
    const saved = (await test.app.billing.showTerms()).items.find(item => item.name === terms.name)
    expect(saved?.webhooks.map(hook => hook.name)).toEqual(['Disebut', 'Tidak'])
    expect((await test.app.billing.showTerms()).endpoints).toMatchObject([{ name: 'Disebut', reach: 'named' }, { name: 'Semua', reach: 'all' }])
    await app().deleteWebhookEndpoint({ actor, id: named.id })
    expect((await test.app.billing.showTerms()).items.find(item => item.name === terms.name)?.webhooks.map(hook => hook.name)).toEqual(['Tidak'])
    expect((await deliveries({ endpointId: named.id }))).toEqual([])
  })

  it('the billing calendar\'s own reminders and final notices are told, and a dead endpoint changes nothing of the calendar', async () => {
    await endpoint({ money: false, services: false, dunning: 'all' })
    house.answerWith({ status: 500 })
    const order = await world.running()
    const from = test.clock.now()
    for (let days = 16; days < 40; days++) {
      test.clock.set(new Date(from.getTime() + days * day))
      await world.sweep(true)
      for (const row of await deliveries({ status: 'waiting' })) await send(row)
    }
    test.clock.set(from)
    expect((await world.service(order.serviceId)).status).toBe('suspended')
    expect([...new Set((await deliveries()).map(row => row.type))].toSorted()).toEqual(['final_notice', 'invoice_reminder'])
  })

  it('an endpoint that failed for three days stands on the overview, and no longer once it answers', async () => {
    await endpoint()
    await world.order()
    house.answerWith({ status: 500 })
    await send((await deliveries())[0])
    const failing = async () => (await test.app.provisioning.showStaffOverview()).failingWebhooks
    expect(await failing()).toBe(0)
    test.clock.advance(3 * day + hour)
    expect(await failing()).toBe(1)
    house.answerWith({ status: 200 })
    await send((await deliveries())[0])
    expect(await failing()).toBe(0)
  })

  it('what is over is kept for so many days, then cleared in portions, by several workers at once too; what waits, and what is younger, stays', async () => {
    const { id } = await endpoint()
    await world.order()
    const [made] = await deliveries()
    const old = new Date(test.clock.now().getTime() - 91 * day).toISOString()
    const young = new Date(test.clock.now().getTime() - 89 * day).toISOString()
    await world.rows(sql`insert into mails select (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid(), 'dedupe_key', gen_random_uuid()::text))).* from mails m join webhook_deliveries d on d.mail_id = m.id, generate_series(1, 2105)`)
    await world.rows(sql`insert into webhook_deliveries (id, endpoint_id, mail_id, status, created_at)
      select gen_random_uuid(), ${id}, m.id, case when m.n % 2 = 0 then 'delivered' else 'dead' end, ${old}::timestamptz from (select id, row_number() over () as n from mails where id not in (select mail_id from webhook_deliveries)) m limit 2100`)
    await world.rows(sql`insert into webhook_deliveries (id, endpoint_id, mail_id, status, created_at)
      select gen_random_uuid(), ${id}, m.id, (array['waiting', 'delivered', 'dead'])[m.n], case when m.n = 1 then ${old} else ${young} end::timestamptz from (select id, row_number() over () as n from mails where id not in (select mail_id from webhook_deliveries) limit 3) m`)
    expect(await world.rows(sql`select count(*)::int as n from webhook_deliveries`)).toEqual([{ n: 2104 }])
    await Promise.all([app().clearDeliveries(), app().clearDeliveries()])
    const left = await deliveries()
    expect(left.map(({ status, createdAt }) => [status, createdAt]).toSorted()).toEqual([['dead', young], ['delivered', young], ['waiting', made?.createdAt], ['waiting', old]].toSorted())
    expect(await world.rows(sql`select count(*)::int as n from mails where id not in (select mail_id from webhook_deliveries)`)).not.toEqual([{ n: 0 }])
  })

  it('private addresses and names that are taken are refused at saving', async () => {
    await endpoint()
    const make = (fields: { name?: string, url?: string }) => app().createWebhookEndpoint({ actor, fields: { name: 'Lain', url: house.url, money: true, services: false, dunning: 'none', ...fields } })
    await expect(make({ url: 'https://10.0.0.1/' })).rejects.toMatchObject({ fields: [{ path: 'url', code: 'webhook_address_private' }] })
    await expect(make({ url: 'http://8.8.8.8/' })).rejects.toMatchObject({ fields: [{ path: 'url', code: 'webhook_url_shape' }] })
    await expect(make({ name: 'RELAI whatsapp' })).rejects.toMatchObject({ fields: [{ path: 'name', code: 'name_taken' }] })
  })

  it('a secret is answered once: it stands in no list, no row, no audit entry and no log; every act of staff is audited', async () => {
    const { id } = await endpoint()
    await app().updateWebhookEndpoint({ actor, id, fields: { name: 'Baru', url: house.url, money: true, services: false, dunning: 'none' } })
    await app().testWebhookEndpoint({ actor, id })
    await app().deleteWebhookEndpoint({ actor, id })
    const audit = await world.rows<{ action: string }>(sql`select * from audit_log`)
    for (const action of ['create', 'update', 'test', 'delete', 'pause', 'resume', 'rotate', 'replay']) expect(audit.map(row => row.action)).toContain(`webhook_endpoint.${action}`)
    const kept = JSON.stringify([await app().listWebhookEndpoints(), await deliveries(), await world.rows(sql`select * from webhook_endpoints`), await world.rows(sql`select * from webhook_deliveries`), audit, await world.rows(sql`select data, output from pgboss.job`)]) + logged
    expect(secretsGiven.length).toBeGreaterThan(5)
    for (const secret of secretsGiven) expect(kept.includes(secret.slice('whsec_'.length))).toBe(false)
  })

  it('the secret opens with the house\'s key alone', async () => {
    const { id, secret } = await endpoint()
    const row = await test.app.core.read.webhookEndpoints.find(id)
    expect(row?.secret).not.toContain(secret)
    expect(row && signingSecrets(row, test.app.core.secrets, test.clock.now())).toEqual([secret])
  })
})

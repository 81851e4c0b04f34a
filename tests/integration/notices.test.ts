import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mailRequest } from '#server/notifications/ports.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { smtpSink } from '../support/smtp.ts'
import type { SmtpSink } from '../support/smtp.ts'

describe.each(databaseKinds())('notices of the portal on %s', (kind) => {
  let test: TestApp
  let sink: SmtpSink
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    sink = await smtpSink()
    test = await startTestApp({ kind, workers: false, env: { SMTP_URL: sink.url } })
    world = billingWorld(test.app)
  })
  afterAll(async () => {
    await test.close()
    await sink.close()
  })
  const list = (userId: string, query: { unread?: boolean, page?: number, pageSize?: number } = {}) => test.app.notifications.listNotices({ userId, unread: false, page: 1, pageSize: 20, ...query })
  const unread = async (userId: string) => (await test.app.notifications.countUnreadNotices(userId)).unread
  const mailsOf = (userId: string) => world.rows<{ id: string, template: string }>(sql`select id, template from mails where user_id = ${userId}`)

  it('what is mailed stands on the portal at once and once, in the client\'s language, leads to its invoice, and stays after the mail went out', async () => {
    const { clientId, invoiceId } = await world.order()
    const [notice, ...others] = (await list(clientId)).items
    expect(others).toEqual([])
    const number = (await world.invoice(invoiceId)).number ?? '—'
    expect(notice).toMatchObject({ locale: 'id', title: expect.stringContaining(number), path: `/portal/invoices/${invoiceId}`, read: false })
    for (const { id } of await mailsOf(clientId)) await test.app.notifications.sendMail({ mailId: id })
    expect((await list(clientId)).items).toEqual([notice])
    expect(await unread(clientId)).toBe(1)
  })

  it('a mail that the server refused for good is a notice all the same', async () => {
    const { clientId } = await world.order()
    sink.refuseWith(550)
    for (const { id } of await mailsOf(clientId)) await test.app.notifications.sendMail({ mailId: id })
    sink.refuseWith(null)
    expect((await list(clientId)).items).toHaveLength(1)
  })

  it('codes and warnings about the account are no notices, and keep nothing once sent', async () => {
    const clientId = await world.client()
    await test.app.core.transact(stores => stores.mail.queue(mailRequest({ userId: clientId, recipient: 'x@contoh.test', locale: 'id' }, 'reset_password', `code:${clientId}`, { name: 'Budi', code: '482910' })))
    expect([(await list(clientId)).total, await unread(clientId)]).toEqual([0, 0])
    for (const { id } of await mailsOf(clientId)) await test.app.notifications.sendMail({ mailId: id })
    expect(await world.rows(sql`select params from mails where user_id = ${clientId}`)).toEqual([{ params: {} }])
  })

  it('reading is per client: one, then all; nobody reads or counts what is another\'s', async () => {
    const [mine, theirs] = [await world.running(), await world.running()]
    const before = await unread(mine.clientId)
    expect(before).toBeGreaterThan(1)
    const [first] = (await list(mine.clientId)).items
    await test.app.notifications.readNotices({ userId: theirs.clientId, id: first?.id ?? '' })
    expect(await unread(mine.clientId)).toBe(before)
    await test.app.notifications.readNotices({ userId: mine.clientId, id: first?.id ?? '' })
    expect(await unread(mine.clientId)).toBe(before - 1)
    expect((await list(mine.clientId, { unread: true })).items.map(item => item.id)).not.toContain(first?.id)
    await test.app.notifications.readNotices({ userId: mine.clientId, id: null })
    expect([await unread(mine.clientId), await unread(theirs.clientId)]).toEqual([0, before])
    expect((await list(mine.clientId)).items.every(item => item.read)).toBe(true)
  })

  it('lists are paged, newest first; a mail whose words are gone is left out', async () => {
    const { clientId } = await world.running()
    test.clock.advance(60_000)
    await world.order({ clientId })
    const whole = await list(clientId)
    expect(whole.items.map(item => item.at)).toEqual(whole.items.map(item => item.at).toSorted().reverse())
    expect((await list(clientId, { pageSize: 1, page: 2 })).items).toEqual([whole.items[1]])
    await world.rows(sql`update mails set params = '{}' where user_id = ${clientId}`)
    expect([(await list(clientId)).total, await unread(clientId)]).toEqual([0, 0])
  })
})

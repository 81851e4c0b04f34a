import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mailRequest } from '#server/notifications/ports.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { smtpSink } from '../support/smtp.ts'
import type { SmtpSink } from '../support/smtp.ts'

describe.each(databaseKinds())('mail on %s', (kind) => {
  let test: TestApp
  let sink: SmtpSink
  beforeAll(async () => {
    sink = await smtpSink()
    test = await startTestApp({ kind, workers: false, env: { SMTP_URL: sink.url } })
  })
  afterAll(async () => {
    await test.close()
    await sink.close()
  })
  const queue = async (key: string, recipient: string) => {
    await test.app.core.transact(stores => stores.mail.queue(mailRequest({ userId: null, recipient, locale: 'id' }, 'verify_email', key, { name: 'Budi', code: '482910' })))
    return row(key)
  }
  const row = async (key: string) => {
    const found = await test.app.core.database.executor.execute(sql`select id, status, params, attempts, last_error from mails where dedupe_key = ${key}`)
    return (found as unknown as { rows: { id: string, status: string, params: Record<string, string>, attempts: number, last_error: string | null }[] }).rows[0]
  }
  const send = (mail: { id: string } | undefined) => test.app.notifications.sendMail({ mailId: mail?.id ?? '' })

  it('a sent mail arrives once, however often its job runs, and its code stays nowhere', async () => {
    const mail = await queue('a', 'a@contoh.test')
    await send(mail)
    await send(mail)
    expect(sink.received.filter(letter => JSON.stringify(letter.to).includes('a@contoh.test'))).toHaveLength(1)
    expect(sink.received[0]?.text).toContain('482910')
    expect(await row('a')).toMatchObject({ status: 'sent', params: {}, attempts: 1 })
  })

  it('SMTP down: the mail stays queued and goes out when the server is back', async () => {
    const mail = await queue('b', 'b@contoh.test')
    sink.refuseWith(451)
    await expect(send(mail)).rejects.toMatchObject({ kind: 'retryable' })
    expect(await row('b')).toMatchObject({ status: 'queued', attempts: 1, params: { code: '482910' } })
    sink.refuseWith(null)
    await send(mail)
    expect(await row('b')).toMatchObject({ status: 'sent', params: {}, last_error: null })
  })

  it('a mail that the server refuses for good is noted, not repeated, and loses its code', async () => {
    const mail = await queue('c', 'c@contoh.test')
    sink.refuseWith(550)
    await send(mail)
    sink.refuseWith(null)
    await send(mail)
    expect(await row('c')).toMatchObject({ status: 'failed', params: {}, attempts: 1 })
  })

  it('a code that lapsed while SMTP was down is not sent', async () => {
    const mail = await queue('d', 'd@contoh.test')
    const before = sink.received.length
    test.clock.advance(11 * 60_000)
    await send(mail)
    expect(sink.received).toHaveLength(before)
    expect(await row('d')).toMatchObject({ status: 'failed', params: {} })
  })

  it('jobs find the mails by themselves after the commit, one after the other without a pause', async () => {
    await test.app.startWorkers()
    const keys = Array.from({ length: 20 }, (_, i) => `job-${i}`)
    for (const key of keys) await queue(key, `${key}@contoh.test`)
    await test.idle()
    for (const key of keys) expect(await row(key)).toMatchObject({ status: 'sent' })
  })
})

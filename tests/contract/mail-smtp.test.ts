import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { classifySmtp, smtpTransport } from '#server/drivers/mail/smtp/driver.ts'
import { smtpSink } from '../support/smtp.ts'
import type { SmtpSink } from '../support/smtp.ts'

const letter = { id: '01900000-0000-7000-8000-000000000001', to: 'budi@contoh.test', subject: 'Kode Anda: 123456 – é', text: 'Halo', html: '<p>Halo</p>' }

describe('SMTP driver', () => {
  let sink: SmtpSink
  beforeAll(async () => {
    sink = await smtpSink()
  })
  afterAll(() => sink.close())
  beforeEach(() => {
    sink.received.length = 0
    sink.refuseWith(null)
  })
  const transport = (url = sink.url, requireTls = false) => smtpTransport({ url, from: 'Gardu <no-reply@gardu.test>', requireTls, timeoutMilliseconds: 2_000 })

  it('delivers text and HTML with a stable Message-ID and marks the mail as automatic', async () => {
    await transport().send(letter)
    const [mail] = sink.received
    expect(mail).toMatchObject({ subject: letter.subject, messageId: `<${letter.id}@gardu.test>`, text: 'Halo', html: '<p>Halo</p>' })
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated')
    expect(mail?.from?.text).toContain('no-reply@gardu.test')
  })

  it.each([[450, 'retryable'], [421, 'retryable'], [550, 'permanent'], [554, 'permanent']])('an answer of %i is %s', async (code, kind) => {
    sink.refuseWith(code)
    await expect(transport().send(letter)).rejects.toMatchObject({ kind })
    expect(sink.received).toHaveLength(0)
  })

  it('no line is retryable', async () => {
    const gone = await smtpSink()
    await gone.close()
    await expect(transport(gone.url).send(letter)).rejects.toMatchObject({ kind: 'retryable' })
  })

  it('refused credentials wait for the operator, and the password is in no message', async () => {
    const strict = await smtpSink({ user: 'gardu', password: 'benar' })
    await expect(transport(`smtp://gardu:salah-sandi@127.0.0.1:${strict.port}`).send(letter)).rejects.toSatisfy((error: Error & { kind: string }) => error.kind === 'action_required' && !error.message.includes('salah-sandi'))
    await transport(`smtp://gardu:benar@127.0.0.1:${strict.port}`).send(letter)
    expect(strict.received).toHaveLength(1)
    await strict.close()
  })

  it('attack: a comma, a line break or a second address in a recipient reaches nobody else', async () => {
    for (const to of ['budi@contoh.test, mata-mata@jahat.test', 'budi@contoh.test\r\nBcc: mata-mata@jahat.test', 'budi@contoh.test\r\nRCPT TO:<mata-mata@jahat.test>']) await transport().send({ ...letter, to }).catch(() => {})
    const reached = sink.received.flatMap(mail => [mail.to, mail.cc, mail.bcc].flat().flatMap(list => list?.value.map(person => person.address) ?? []))
    expect(reached).not.toContain('mata-mata@jahat.test')
  })

  it('without a code of its own a failure counts as passing', () => {
    expect(classifySmtp(new Error('socket closed')).kind).toBe('retryable')
    expect(classifySmtp({ code: 'EENVELOPE', responseCode: 550, response: '550 no such user' }).kind).toBe('permanent')
  })
})

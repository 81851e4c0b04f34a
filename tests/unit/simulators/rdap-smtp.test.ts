import { createTransport } from 'nodemailer'
import { afterEach, describe, expect, test } from 'vitest'
import { startControl } from '../../../simulators/control.ts'
import { startRdapSimulator } from '../../../simulators/rdap/index.ts'
import { startSmtpSimulator } from '../../../simulators/smtp/index.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

describe('RDAP', () => {
  test('the bootstrap file has RFC 9224\'s shape, names this server for .id and no server for .io', async () => {
    const rdap = await startRdapSimulator()
    closers.push(rdap.close)
    const file = await (await fetch(rdap.bootstrapUrl)).json() as { version: string, services: [string[], string[]][] }
    expect(file.version).toBe('1.0')
    expect(file.services.find(([tlds]) => tlds.includes('id'))?.[1]).toEqual([`${rdap.url}/`])
    expect(file.services.flatMap(([tlds]) => tlds)).not.toContain('io')
  })
  test.each([['google.com', 200], ['takenname.my.id', 200], ['belum-ada-99.com', 404], ['sim-429.com', 429], ['sim-500.com', 500], ['-bad.com', 400]])('%s is answered %i', async (name, status) => {
    const rdap = await startRdapSimulator()
    closers.push(rdap.close)
    const reply = await fetch(`${rdap.url}/domain/${name}`)
    expect(reply.status).toBe(status)
    expect(await reply.json()).toMatchObject(status === 200 ? { objectClassName: 'domain', ldhName: name.toUpperCase() } : { errorCode: status })
  })
})

describe('mail and control', () => {
  const open = async () => {
    const smtp = await startSmtpSimulator()
    closers.push(smtp.close)
    const control = await startControl({ port: 0, simulators: [{ name: 'smtp', title: 'Mail', says: '', url: smtp.url, page: '/inbox', faults: smtp.faults, state: smtp.state, answer: smtp.inbox }] })
    closers.push(control.close)
    const send = () => createTransport(smtp.url).sendMail({ from: 'Gardu <a@gardu.test>', to: 'sari@contoh.test', subject: 'Kode Anda: 123456', text: 'Kode <b>123456</b>' })
    return { smtp, control, send }
  }
  test('a sent mail stands in the inbox, as JSON and on an escaped page', async () => {
    const { control, send } = await open()
    await send()
    const { messages } = await (await fetch(`${control.url}/api/inbox?to=sari@contoh.test`)).json() as { messages: { id: string, subject: string }[] }
    expect(messages).toMatchObject([{ subject: 'Kode Anda: 123456' }])
    expect(await (await fetch(`${control.url}/inbox/${messages[0]?.id}`)).text()).toContain('Kode &lt;b&gt;123456&lt;/b&gt;')
    expect((await fetch(`${control.url}/api/inbox`, { method: 'DELETE' })).status).toBe(204)
    expect(await (await fetch(`${control.url}/api/inbox`)).json()).toEqual({ messages: [] })
  })
  test('faults set by the control server refuse for now, then for good, and end with DELETE', async () => {
    const { smtp, control, send } = await open()
    const set = (body: object) => fetch(`${control.url}/faults/smtp`, { method: 'POST', body: JSON.stringify(body) })
    await set({ rejectTemporary: 1 })
    await expect(send()).rejects.toMatchObject({ responseCode: 451 })
    await set({ rejectPermanent: 1 })
    await expect(send()).rejects.toMatchObject({ responseCode: 550 })
    expect((await set({ nonsense: 1 })).status).toBe(400)
    await set({ rejectPermanent: 5 })
    await fetch(`${control.url}/faults`, { method: 'DELETE' })
    await send()
    expect(smtp.state.messages).toHaveLength(1)
  })
})

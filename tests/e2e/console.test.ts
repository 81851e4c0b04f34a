import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeInBothModes, launchChromium, openPage, ready, signIn } from '../support/browser.ts'
import type { WatchedPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { atMidtrans, logIn, until } from '../support/journey.ts'
import { walkedIn, wordsOf } from '../support/words.ts'

type Api = Awaited<ReturnType<typeof logIn>>
let demo: Demo
let browser: Browser
let client: Api
let serviceId = ''
const hostname = 'layar.contoh.id'
beforeAll(async () => {
  demo = await startDemo()
  browser = await launchChromium()
  client = await logIn(demo, 'client@demo.gardu.test')
  const [product] = (await client.get('/api/storefront/products?kind=vps')).body.items
  const order = (await client.post('/api/portal/orders', { items: [{ productId: product.id, cycle: 'monthly', hostname, templateId: product.templates[0].id }], promoCode: null })).body
  serviceId = order.items[0].serviceId
  const payment = await client.post(`/api/portal/invoices/${order.invoiceId}/payments`, { method: 'bca_va' })
  await atMidtrans(demo, payment.body.instructions.vaNumber)
  await until('the machine is built', async () => (await client.get(`/api/portal/services/${serviceId}`)).body, body => body.status === 'active' && body.resourceStatus === 'ready' && body.power === 'running', 90)
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

/** For looking at them: `GARDU_TEST_SHOTS` names a folder. */
async function shoot(page: Page, name: string) {
  const folder = process.env.GARDU_TEST_SHOTS
  if (!folder) return
  for (const [width, height] of [[1440, 900], [768, 1024], [360, 740]] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${folder}/console-${name}-${width}-${colorScheme}.png` })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 800 })
}

/** How many pixels of the machine's screen are light. */
const lit = (page: Page) => page.evaluate(() => {
  const canvas = document.querySelector<HTMLCanvasElement>('[data-console] canvas')
  const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
  let count = 0
  for (let at = 0; pixels && at < pixels.length; at += 4) if ((pixels[at] ?? 0) > 150) count++
  return count
})

describe.each(walkedIn('id'))('the console in Chromium, $language', ({ language, prefix }) => {
  const say = wordsOf(language)
  let watched: WatchedPage
  let page: Page
  const button = (key: string) => page.getByRole('button', { name: say(key), exact: true })
  const connected = () => page.getByRole('status').getByText(say('console.state.connected'), { exact: true }).waitFor()
  beforeAll(async () => {
    watched = await openPage(browser, demo)
    page = watched.page
    page.setDefaultTimeout(20_000)
    await signIn(page, demo, 'client@demo.gardu.test', { language })
  })
  afterAll(() => watched?.close())

  it('opened from the service\'s page, it shows the screen, and what is typed appears there', async () => {
    await watched.visit(`${prefix}/portal/services/${serviceId}`)
    await shoot(page, `service-${language}`)
    await page.getByRole('link', { name: say('console.open'), exact: true }).click()
    await page.waitForURL(url => url.pathname === `${prefix}/portal/services/console/${serviceId}`)
    await ready(page)
    await connected()
    const before = await until('the screen', () => lit(page), count => count > 5000)
    await page.keyboard.type('akar')
    await page.keyboard.press('Enter')
    await until('what was typed', () => lit(page), count => count !== before)
    const typed = await lit(page)
    await button('console.paste').click()
    await page.getByLabel(say('console.pasteLabel')).fill('hostname\n')
    await button('console.send').click()
    await until('what was pasted', () => lit(page), count => count !== typed)
    await shoot(page, `open-${language}`)
    expect(await axeInBothModes(page)).toEqual([])
    expect(watched.complaints).toEqual([])
  })

  it('nothing but our own server was spoken to, and no address of the hypervisor is in the page', async () => {
    expect(watched.foreign).toEqual([])
    const simulators = new URL(demo.controlUrl)
    expect(await page.content()).not.toContain(`:${Number(simulators.port) + 1}`)
  })

  it('Ctrl-Alt-Del reaches the machine', async () => {
    const before = await lit(page)
    await page.getByRole('button', { name: 'Ctrl-Alt-Del' }).click()
    await until('the guest starts again', () => lit(page), count => count !== before)
  })

  it('suspended, the console closes with the reason; resumed, it connects again', async () => {
    const sysadmin = await logIn(demo, 'sysadmin@demo.gardu.test')
    const act = async (body: object) => expect((await sysadmin.post(`/api/admin/services/${serviceId}/actions`, body)).status).toBe(202)
    await act({ action: 'suspend', suspensionReason: 'abuse', reason: 'e2e' })
    await page.getByText(say('console.end.suspended')).waitFor()
    await shoot(page, `closed-${language}`)
    expect(await axeInBothModes(page)).toEqual([])
    await button('console.reconnect').click()
    await page.getByText(say('errors.service_suspended')).waitFor()
    await until('the machine is stopped', async () => (await client.get(`/api/portal/services/${serviceId}`)).body, body => body.resourceStatus === 'stopped_by_policy', 60)
    await act({ action: 'resume', reason: 'e2e' })
    await until('the machine runs', async () => (await client.get(`/api/portal/services/${serviceId}`)).body, body => body.status === 'active' && body.resourceStatus === 'ready' && body.power === 'running', 60)
    await button('console.reconnect').click()
    await connected()
    watched.complaints.splice(0)
  })
})

describe('the console of staff', () => {
  it('a SysAdmin opens it from the service\'s page, and the audit log says so; finance is not offered it', async () => {
    const watched = await openPage(browser, demo)
    const { page } = watched
    await signIn(page, demo, 'sysadmin@demo.gardu.test', { language: 'en' })
    await watched.visit(`/en/admin/services/${serviceId}`)
    await shoot(page, 'staff')
    await page.getByRole('link', { name: 'Console', exact: true }).click()
    await page.getByRole('status').getByText('Connected', { exact: true }).waitFor()
    await until('the screen', () => lit(page), count => count > 5000)
    const sysadmin = await logIn(demo, 'sysadmin@demo.gardu.test')
    expect(JSON.stringify((await sysadmin.get('/api/admin/audit?page=1&pageSize=50')).body)).toContain('service.console')
    await watched.close()
    const finance = await openPage(browser, demo)
    await signIn(finance.page, demo, 'finance@demo.gardu.test', { language: 'en' })
    await finance.visit(`/en/admin/services/${serviceId}`)
    expect(await finance.page.getByRole('link', { name: 'Console', exact: true }).count()).toBe(0)
    await finance.close()
  })
})

describe('calling a task off', () => {
  const say = wordsOf('id')
  const fault = (body: object) => fetch(`${demo.controlUrl}/faults/proxmox`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  /** On the page of a service: asks, reads what would happen, and says yes. */
  async function callOff(page: Page, what: string, told: string) {
    await page.getByRole('button', { name: `${say('history.cancel')}: ${say(`portal.saga.${what}`)}`, exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(say(told)).waitFor()
    await dialog.getByRole('button', { name: say('history.cancel'), exact: true }).click()
  }
  const stands = (page: Page, key: string) => page.getByText(say(key), { exact: true }).first().waitFor()
  async function visitor(email: string, path: string) {
    const watched = await openPage(browser, demo)
    watched.page.setDefaultTimeout(20_000)
    await signIn(watched.page, demo, email, { language: 'id' })
    await watched.visit(path)
    return watched
  }

  it('a client calls off what has sent nothing yet: asked first, called off after a reload too, and the machine runs on', async () => {
    const watched = await visitor('client@demo.gardu.test', `/portal/services/${serviceId}`)
    const { page } = watched
    const uptime = async () => (await client.get(`/api/portal/services/${serviceId}`)).body
    await fault({ down: true })
    try {
      expect((await client.post(`/api/portal/services/${serviceId}/actions`, { action: 'reboot' })).status).toBe(202)
      await callOff(page, 'power.reboot', 'history.askText')
      await stands(page, 'history.cancelled')
      await watched.visit(`/portal/services/${serviceId}`)
      await stands(page, 'history.cancelled')
      await shoot(page, 'called-off')
      expect(await axeInBothModes(page)).toEqual([])
      expect(await uptime()).toMatchObject({ power: 'running', refusal: null })
      expect(watched.complaints).toEqual([])
    } finally {
      await fault({ down: false })
      await watched.close()
    }
  })

  it('staff call off a restore into a new machine that has begun: the page says so, after a reload too, and then of each step that it was taken back', async () => {
    const sysadmin = await logIn(demo, 'sysadmin@demo.gardu.test')
    const service = async () => (await sysadmin.get(`/api/admin/services/${serviceId}`)).body
    expect((await sysadmin.post(`/api/admin/services/${serviceId}/backups`, { action: 'create' })).status).toBe(202)
    const before = await until('the backup is done', service, body => body.sagas[0].kind === 'backup' && body.sagas[0].status === 'done', 60)
    const [backup] = (await sysadmin.get(`/api/admin/backups/held?q=${hostname}`)).body.items
    // Its node is lost.
    await fetch(`${demo.controlUrl}/proxmox/machines/${before.vmid}/remove`, { method: 'POST', redirect: 'manual' })
    const watched = await visitor('sysadmin@demo.gardu.test', `/admin/services/${serviceId}`)
    const { page } = watched
    await fault({ holdTasks: true })
    try {
      expect((await sysadmin.post(`/api/admin/backups/${backup.id}/machine`, { serviceId, hostname, reason: 'salah pilih' })).status).toBe(202)
      await until('the machine is being made', service, body => body.sagas[0].steps.some((step: { name: string, status: string }) => step.name === 'make' && step.status === 'running'))
      await callOff(page, 'rebuild', 'history.undoText')
      await stands(page, 'history.callingOff')
      await watched.visit(`/admin/services/${serviceId}`)
      await stands(page, 'history.callingOff')
      await shoot(page, 'calling-off')
      expect(await axeInBothModes(page)).toEqual([])
    } finally {
      await fault({ holdTasks: false })
    }
    const row = page.getByRole('listitem').filter({ hasText: say('portal.saga.rebuild') }).first()
    await row.getByText(say('history.cancelled'), { exact: true }).waitFor()
    // The archive was looked at, the mark renewed, a place and a number taken, and the machine begun.
    expect(await row.getByText(new RegExp(`– ${say('common.status.step.undone')}$`)).count()).toBe(5)
    await shoot(page, 'taken-back')
    expect(await axeInBothModes(page)).toEqual([])
    const { machines } = await (await fetch(`${demo.controlUrl}/state/proxmox`)).json() as { machines: Record<string, { config: { name?: string } }> }
    expect(Object.values(machines).filter(({ config }) => config.name === hostname)).toEqual([])
    expect(await service()).toMatchObject({ resourceStatus: 'ready', vmid: before.vmid })
    expect(watched.complaints).toEqual([])
    await watched.close()
  })
})

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
beforeAll(async () => {
  demo = await startDemo()
  browser = await launchChromium()
  client = await logIn(demo, 'client@demo.gardu.test')
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

/** For looking at them: `GARDU_TEST_SHOTS` names a folder. */
async function shoot(page: Page, name: string) {
  const folder = process.env.GARDU_TEST_SHOTS
  if (!folder) return
  for (const [width, height] of [[1440, 900], [360, 740]] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 800 })
}

describe.each(walkedIn('en'))('a client changes the plan of a server, $language', ({ language, prefix }) => {
  const say = wordsOf(language)
  let watched: WatchedPage
  let page: Page
  let serviceId = ''
  const button = (key: string) => page.getByRole('button', { name: say(key), exact: true })
  const serviceOf = async () => (await client.get(`/api/portal/services/${serviceId}`)).body

  beforeAll(async () => {
    const [product] = (await client.get('/api/storefront/products?kind=vps')).body.items
    const order = (await client.post('/api/portal/orders', { items: [{ productId: product.id, cycle: 'monthly', hostname: `ganti-${language}.contoh.id`, templateId: product.templates[0].id }], promoCode: null })).body
    serviceId = order.items[0].serviceId
    const payment = await client.post(`/api/portal/invoices/${order.invoiceId}/payments`, { method: 'bca_va' })
    await atMidtrans(demo, payment.body.instructions.vaNumber)
    await until('the machine is built', serviceOf, body => body.status === 'active' && body.resourceStatus === 'ready', 90)
    watched = await openPage(browser, demo)
    page = watched.page
    page.setDefaultTimeout(20_000)
    await signIn(page, demo, 'client@demo.gardu.test', { language })
    await watched.visit(`${prefix}/portal/services/${serviceId}`)
  })
  afterAll(() => watched?.close())

  it('sees what it costs now and from the next renewal on, pays the invoice, and the machine is larger', async () => {
    await page.getByRole('link', { name: say('changes.open'), exact: true }).click()
    await page.waitForURL(url => url.pathname === `${prefix}/portal/services/change/${serviceId}`)
    await ready(page)
    await page.getByRole('radio', { name: /Rinjani 4/ }).check()
    const shown = (await page.locator('[data-test="pay-now"]').textContent() ?? '').replace(/\D/g, '')
    expect(BigInt(shown)).toBe(166_500n)
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, `change-now-${language}`)
    await button('changes.submitNow').click()
    await page.waitForURL(url => url.pathname.startsWith(`${prefix}/portal/invoices/`))
    await ready(page)
    const invoiceId = new URL(page.url()).pathname.split('/').at(-1) ?? ''
    expect((await client.get(`/api/portal/invoices/${invoiceId}`)).body.total.amount).toBe(shown)
    await shoot(page, `change-invoice-${language}`)
    await watched.visit(`${prefix}/portal/services/${serviceId}`)
    await page.getByText(say('changes.panel.waiting_now', { name: 'VPS Rinjani 4' })).first().waitFor()
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, `service-waiting-${language}`)
    const payment = await client.post(`/api/portal/invoices/${invoiceId}/payments`, { method: 'bni_va' })
    await atMidtrans(demo, payment.body.instructions.vaNumber)
    const changed = await until('the machine is larger', serviceOf, body => body.productName === 'VPS Rinjani 4' && body.change === null, 90)
    expect(changed).toMatchObject({ status: 'active', resourceStatus: 'ready', spec: { cpuCores: 4, ramMiB: 4096, diskGiB: 80 } })
  })

  it('schedules another cycle for the renewal and takes it back', async () => {
    await watched.visit(`${prefix}/portal/services/change/${serviceId}`)
    await page.getByRole('radio', { name: new RegExp(say('changes.renewal')) }).check()
    await page.getByRole('combobox').first().click()
    await page.getByRole('option', { name: say('common.cycle.annually'), exact: true }).click()
    await page.getByRole('radio', { name: /Rinjani 4/ }).check()
    await shoot(page, `change-renewal-${language}`)
    await button('changes.submitRenewal').click()
    await page.waitForURL(url => url.pathname === `${prefix}/portal/services/${serviceId}`)
    await button('changes.panel.cancel').click()
    await page.getByRole('dialog').getByRole('button', { name: say('changes.panel.cancel'), exact: true }).click()
    await until('the change is taken back', serviceOf, body => body.change === null)
  })

  it('adds options: sees what they cost for the days that are left, and the paid disk is there', async () => {
    await watched.visit(`${prefix}/portal/services/options/${serviceId}`)
    await page.getByRole('spinbutton').first().fill('20')
    await page.getByRole('checkbox').first().check()
    await page.locator('[data-test="pay-now"]').waitFor()
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, `options-${language}`)
    await button('changes.submitNow').click()
    await page.waitForURL(url => url.pathname.startsWith(`${prefix}/portal/invoices/`))
    const invoiceId = new URL(page.url()).pathname.split('/').at(-1) ?? ''
    await atMidtrans(demo, (await client.post(`/api/portal/invoices/${invoiceId}/payments`, { method: 'bni_va' })).body.instructions.vaNumber)
    const changed = await until('the disk is larger', serviceOf, body => body.spec.diskGiB === 100 && body.change === null, 90)
    expect(changed.options).toMatchObject([{ key: 'extra-disk', quantity: 20 }, { key: 'bandwidth', choiceKey: 'standard' }, { key: 'managed-support', quantity: 1 }])
  })

  it('cancels with a reason, at the end of what is paid, and keeps the service after all', async () => {
    await watched.visit(`${prefix}/portal/services/${serviceId}`)
    await button('portal.billing.cancel').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox').click()
    await page.getByRole('option', { name: say('portal.billing.reason.too_expensive') }).click()
    await dialog.locator('input.font-mono, .font-mono input').last().fill(`ganti-${language}.contoh.id`)
    await shoot(page, `cancel-${language}`)
    await dialog.getByRole('button', { name: say('portal.billing.cancelAtEnd'), exact: true }).click()
    await until('it is cancelled', serviceOf, body => body.cancelAtPeriodEnd)
    await button('portal.billing.keep').click()
    await until('it goes on', serviceOf, body => !body.cancelAtPeriodEnd)
    expect(watched.complaints).toEqual([])
  })

  it('staff see the same choice on the page of the service', async () => {
    const staff = await openPage(browser, demo)
    await signIn(staff.page, demo, 'finance@demo.gardu.test', { language })
    await staff.visit(`${prefix}/admin/services/change/${serviceId}`)
    await staff.page.getByRole('radio', { name: /Rinjani 8/ }).check()
    expect(await axeInBothModes(staff.page)).toEqual([])
    await shoot(staff.page, `admin-change-${language}`)
    await staff.visit(`${prefix}/admin/services/${serviceId}`)
    await staff.page.getByRole('link', { name: say('changes.open'), exact: true }).waitFor()
    expect(staff.complaints).toEqual([])
    await staff.close()
  })
})

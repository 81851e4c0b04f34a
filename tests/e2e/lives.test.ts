import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeInBothModes, launchChromium, openPage, ready, signIn } from '../support/browser.ts'
import type { WatchedPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { apiClient, atMidtrans, inboxOf, logIn, until } from '../support/journey.ts'
import { walkedIn, wordsOf } from '../support/words.ts'

type Api = Awaited<ReturnType<typeof logIn>>
const email = 'client@demo.gardu.test'
let demo: Demo
let browser: Browser
let client: Api
beforeAll(async () => {
  demo = await startDemo()
  browser = await launchChromium()
  client = await logIn(demo, email)
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

const serviceOf = async (id: string) => (await client.get(`/api/portal/services/${id}`)).body
const pay = async (invoiceId: string) => {
  const payment = await client.post(`/api/portal/invoices/${invoiceId}/payments`, { method: 'bca_va' })
  await atMidtrans(demo, payment.body.instructions.vaNumber)
}
const running = (id: string) => until('the machine runs', () => serviceOf(id), body => body.status === 'active' && body.resourceStatus === 'ready', 90)
const advance = async (by: string) => expect((await apiClient(demo.url).post('/api/demo/clock', { advance: by })).status).toBe(200)
const lastOf = (page: Page) => new URL(page.url()).pathname.split('/').at(-1) ?? ''

/** For looking at them: `GARDU_TEST_SHOTS` names a folder. */
async function shoot(page: Page, name: string) {
  const folder = process.env.GARDU_TEST_SHOTS
  if (!folder) return
  for (const [width, height] of [[1440, 900], [768, 1024], [360, 740]] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 800 })
}

/** A client in a browser: what is in the cart is ordered, and the page of the order's invoice (or of a trial's service) is open. */
async function opened(language: 'id' | 'en') {
  const watched = await openPage(browser, demo)
  const { page } = watched
  page.setDefaultTimeout(20_000)
  await signIn(page, demo, email, { language })
  const say = wordsOf(language)
  const prefix = language === 'en' ? '/en' : ''
  const button = (key: string) => page.getByRole('button', { name: say(key), exact: true })
  async function order(place: 'order.place' | 'order.trialStart') {
    await button('order.add').click()
    await page.waitForURL(url => url.pathname === `${prefix}/cart`)
    await ready(page)
    await shoot(page, `cart-${place}-${language}`)
    await page.getByRole('link', { name: say('order.checkout'), exact: true }).click()
    await page.waitForURL(url => url.pathname === `${prefix}/checkout`)
    await ready(page)
    await button(place).click()
    await page.waitForURL(url => /\/portal\/(invoices|services)\/[0-9a-f-]{36}$/.test(url.pathname))
    await ready(page)
    return lastOf(page)
  }
  return { watched, page, say, prefix, button, order }
}

describe.each(walkedIn('id'))('work that is paid once, $language', ({ language }) => {
  let watched: WatchedPage
  afterAll(() => watched?.close())

  it('is found in the catalogue without a price per month, ordered for a site, paid, done by staff, and has no renewal', async () => {
    const here = await opened(language)
    watched = here.watched
    const { page, say, prefix } = here
    await watched.visit(`${prefix}/work`)
    expect(await page.locator('article').first().innerText()).toContain(say('storefront.price.once'))
    expect(await page.locator('article').first().innerText()).not.toContain(say('storefront.price.perMonth'))
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, `work-${language}`)
    await page.locator('article a').first().click()
    await page.waitForURL(url => url.pathname === `${prefix}/work/migrasi-situs`)
    await ready(page)
    await page.getByLabel(say('order.workFor'), { exact: true }).fill(`toko-${language}.contoh.id`)
    await page.getByRole('checkbox').first().check()
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, `work-product-${language}`)
    const invoiceId = await here.order('order.place')
    const invoice = (await client.get(`/api/portal/invoices/${invoiceId}`)).body
    expect(invoice.total.amount).toBe('499500')
    await pay(invoiceId)
    await until('it is paid', async () => (await client.get(`/api/portal/invoices/${invoiceId}`)).body, body => body.status === 'paid')
    const { id } = (await client.get('/api/portal/services?pageSize=50')).body.items.find((service: { hostname: string }) => service.hostname === `toko-${language}.contoh.id`)
    await watched.visit(`${prefix}/portal/services/${id}`)
    await page.getByText(say('portal.once.none')).first().waitFor()
    expect(await page.getByRole('link', { name: say('changes.open'), exact: true }).count()).toBe(0)
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, `work-waiting-${language}`)

    const staff = await openPage(browser, demo)
    staff.page.setDefaultTimeout(20_000)
    await signIn(staff.page, demo, 'sysadmin@demo.gardu.test', { language })
    await staff.visit(`${prefix}/admin/services?work=true`)
    await shoot(staff.page, `staff-services-${language}`)
    await staff.page.getByRole('link', { name: new RegExp(`toko-${language}`) }).first().click()
    await staff.page.waitForURL(url => url.pathname === `${prefix}/admin/services/${id}`)
    await ready(staff.page)
    await shoot(staff.page, `staff-work-${language}`)
    await staff.page.getByRole('button', { name: say('admin.services.act.deliver'), exact: true }).click()
    await staff.page.getByRole('dialog').getByRole('button', { name: say('admin.services.act.deliver'), exact: true }).click()
    await until('the work is done', () => serviceOf(id), body => body.status === 'active' && body.deliveredAt !== null)
    expect(await axeInBothModes(staff.page)).toEqual([])
    await staff.close()

    await page.getByText(say('portal.work.done'), { exact: true }).first().waitFor()
    await until('the mail', () => inboxOf(demo, email), messages => messages.some(message => message.subject.includes(`toko-${language}.contoh.id`)))
    expect(await page.getByRole('button', { name: say('portal.billing.cancel'), exact: true }).count()).toBe(0)
    await shoot(page, `work-done-${language}`)
    expect(watched.complaints).toEqual([])
  })
})

describe('in one language', () => {
  let here: Awaited<ReturnType<typeof opened>>
  beforeAll(async () => {
    here = await opened('id')
  })
  afterAll(() => here?.watched.close())

  it('a machine for good: priced by Business, bought for one payment, built, and never invoiced again', async () => {
    const { page, say, watched, order } = here
    const plan = (await client.get('/api/storefront/products/vps-rinjani-4')).body
    const staff = await openPage(browser, demo)
    staff.page.setDefaultTimeout(20_000)
    await signIn(staff.page, demo, 'business@demo.gardu.test', { language: 'id' })
    await staff.visit(`/admin/products/${plan.id}`)
    await staff.page.getByRole('combobox').first().click()
    await staff.page.getByRole('option', { name: say('common.cycle.one_time'), exact: true }).click()
    await staff.page.getByLabel(say('catalogue.price.price'), { exact: true }).first().fill('5000000')
    await shoot(staff.page, 'staff-price')
    await staff.page.getByRole('button', { name: say('catalogue.price.set'), exact: true }).click()
    await until('the price', async () => (await client.get('/api/storefront/products/vps-rinjani-4')).body.prices, prices => prices.some((price: { cycle: string }) => price.cycle === 'one_time'))
    await staff.close()

    await watched.visit('/vps?cycle=one_time')
    await shoot(page, 'vps-once')
    await watched.visit('/vps/vps-rinjani-4?cycle=one_time')
    await page.getByLabel(say('order.hostname'), { exact: true }).fill('selamanya.contoh.id')
    await shoot(page, 'vps-once-product')
    const invoiceId = await order('order.place')
    expect((await client.get(`/api/portal/invoices/${invoiceId}`)).body.total.amount).toBe('5550000')
    await pay(invoiceId)
    const { id } = await until('the service', async () => (await client.get('/api/portal/services?pageSize=50')).body.items.find((service: { hostname: string }) => service.hostname === 'selamanya.contoh.id'), found => found?.status === 'active', 90)
    await running(id)
    await watched.visit(`/portal/services/${id}`)
    await page.getByText(say('portal.once.none')).first().waitFor()
    expect(await page.getByRole('link', { name: say('changes.open'), exact: true }).count()).toBe(0)
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, 'machine-once')
    for (const by of ['P20D', 'P20D']) await advance(by)
    expect(await serviceOf(id)).toMatchObject({ status: 'active', paidUntil: null, nextInvoiceOn: null, openInvoiceId: null })
    const [invoice, ...more] = (await client.get('/api/portal/invoices?pageSize=50')).body.items.filter((row: { id: string }) => row.id === invoiceId)
    expect([invoice.status, more]).toEqual(['paid', []])
  })

  it('a trial, from the catalogue to its end: free, built at once, nothing to change yet, and paid it goes on without a gap', async () => {
    const { page, say, watched, order } = here
    await watched.visit('/vps/vps-rinjani-2')
    await page.getByText(say('order.trialTake', { n: '14' })).first().click()
    await page.getByLabel(say('order.hostname'), { exact: true }).fill('coba.contoh.id')
    const id = await order('order.trialStart')
    const trial = await running(id)
    await watched.visit(`/portal/services/${id}`)
    for (const key of ['changes.open', 'options.open']) expect(await page.getByRole('link', { name: say(key), exact: true }).count()).toBe(0)
    await page.getByText(say('lives.trial.noChange').split('{')[0] ?? '').first().waitFor()
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, 'trial')
    await advance('P1D')
    const { openInvoiceId } = await until('the first invoice', () => serviceOf(id), body => body.openInvoiceId !== null)
    await advance('P13D')
    expect((await serviceOf(id)).status).toMatch(/active|past_due/)
    await pay(openInvoiceId)
    const paid = await until('the first period', () => serviceOf(id), body => body.openInvoiceId === null && body.status === 'active')
    expect(Date.parse(paid.paidUntil) - Date.parse(trial.paidUntil)).toBeGreaterThan(27 * 86_400_000)
    await watched.visit(`/portal/services/${id}`)
    await page.getByRole('link', { name: say('changes.open'), exact: true }).waitFor()
  })

  it('one renewal day: two services are brought to it by one invoice of exact days, what is paid once is left out by name', async () => {
    const { page, say, watched, button } = here
    const [product] = (await client.get('/api/storefront/products?kind=vps')).body.items
    const bought = async (hostname: string) => {
      const order = (await client.post('/api/portal/orders', { items: [{ productId: product.id, cycle: 'monthly', hostname, templateId: product.templates[0].id }], promoCodes: [] })).body
      await pay(order.invoiceId)
      await running(order.items[0].serviceId)
      return order.items[0].serviceId as string
    }
    const first = await bought('satu.contoh.id')
    await advance('P6D')
    const second = await bought('dua.contoh.id')
    expect((await serviceOf(first)).paidUntil.slice(0, 10)).not.toBe((await serviceOf(second)).paidUntil.slice(0, 10))
    await watched.visit('/portal/services/align')
    await page.getByText(say('errors.paid_once')).first().waitFor()
    expect(await axeInBothModes(page)).toEqual([])
    await shoot(page, 'align')
    await button('changes.submitNow').click()
    await page.waitForURL(url => url.pathname.startsWith('/portal/invoices/'))
    await pay(lastOf(page))
    await until('one day', async () => [await serviceOf(first), await serviceOf(second)].map(service => service.paidUntil.slice(0, 10)), ([a, b]) => a === b)
    expect(watched.complaints).toEqual([])
  })
})

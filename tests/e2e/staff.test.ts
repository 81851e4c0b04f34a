import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeInBothModes, launchChromium, openPage, ready, signIn } from '../support/browser.ts'
import type { WatchedPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { atMidtrans, logIn, until } from '../support/journey.ts'

type Api = Awaited<ReturnType<typeof logIn>>
let demo: Demo
let browser: Browser
let owner: Api
let client: Api
const ids = { service: '', invoice: '', product: '', connection: '', client: '', failing: '', bulk: '' }
const vps = async (hostname: string) => {
  const [product] = (await client.get('/api/storefront/products?kind=vps')).body.items
  const order = (await client.post('/api/portal/orders', { items: [{ productId: product.id, cycle: 'monthly', hostname, templateId: product.templates[0].id }], promoCodes: [] })).body
  const payment = await client.post(`/api/portal/invoices/${order.invoiceId}/payments`, { method: 'bca_va' })
  await atMidtrans(demo, payment.body.instructions.vaNumber)
  return { serviceId: order.items[0].serviceId as string, invoiceId: order.invoiceId as string, productId: product.id as string }
}
const serviceOf = async (id: string) => (await owner.get(`/api/admin/services/${id}`)).body

beforeAll(async () => {
  demo = await startDemo()
  browser = await launchChromium()
  owner = await logIn(demo, 'owner@demo.gardu.test')
  client = await logIn(demo, 'client@demo.gardu.test')
  const placed = await vps('web-1.contoh.id')
  Object.assign(ids, { service: placed.serviceId, invoice: placed.invoiceId, product: placed.productId, connection: (await owner.get('/api/admin/connections')).body.items[0].id })
  await until('the machine is built', () => serviceOf(ids.service), body => body.status === 'active' && body.resourceStatus === 'ready', 90)
  ids.client = (await serviceOf(ids.service)).clientId
  ids.bulk = (await owner.post('/api/admin/bulk-requests', { wish: { act: 'reboot' }, serviceIds: [ids.service], reason: 'nobody approves it' })).body.id
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

const everybody = { '': ['Ringkasan', 'Overview'], '/services': ['Layanan', 'Services'], '/clients': ['Klien', 'Clients'], '/products': ['Produk', 'Products'], '/templates': ['Templat', 'Templates'], '/packages': ['Paket hosting', 'Hosting packages'], '/audit': ['Log audit', 'Audit log'] }
const own = {
  sysadmin: { '/bulk': ['Permintaan massal', 'Bulk requests'], '/monitoring': ['Pemantauan', 'Monitoring'], '/alarms': ['Alarm', 'Alarms'], '/connections': ['Koneksi', 'Connections'], '/nodes': ['Node', 'Nodes'], '/address-pools': ['Kumpulan alamat', 'Address pools'], '/ipv6-pools': ['Kumpulan IPv6', 'IPv6 pools'], '/reverse-dns': ['Reverse DNS', 'Reverse DNS'], '/backups': ['Cadangan', 'Backups'], '/traffic': ['Trafik', 'Traffic'], '/drift': ['Penyimpangan', 'Drift'], '/jobs': ['Tugas gagal', 'Failed jobs'], '/outgoing-webhooks': ['Webhook keluar', 'Outgoing webhooks'] },
  business: { '/promos': ['Kode promo', 'Promo codes'], '/reports': ['Laporan', 'Reports'] },
  finance: { '/invoices': ['Tagihan', 'Invoices'], '/payments': ['Pembayaran', 'Payments'], '/refunds': ['Pengembalian dana', 'Refunds'], '/payments/reconciliation': ['Rekonsiliasi', 'Reconciliation'], '/webhooks': ['Kotak masuk webhook', 'Webhook inbox'], '/billing/plan': ['Rencana penagihan', 'Billing plan'], '/billing/terms': ['Ketentuan penagihan', 'Billing terms'], '/billing/holidays': ['Hari libur', 'Holidays'], '/tax': ['Pajak (PPN)', 'Tax (PPN)'], '/gateways': ['Gerbang pembayaran', 'Payment gateways'], '/ledger': ['Buku besar', 'Ledger'], '/bank': ['Mutasi bank', 'Bank statements'], '/bank-accounts': ['Rekening bank', 'Bank accounts'], '/reports': ['Laporan', 'Reports'] },
}
const staffRoles = ['sysadmin', 'business', 'finance'] as const
/** Every page in the navigation is looked at once by somebody who may; what is reached from a list is beside it. */
const seenBy: Record<typeof staffRoles[number], () => string[]> = {
  sysadmin: () => [...Object.keys(own.sysadmin), '/services', `/bulk/${ids.bulk}`, '/alarms/rules', `/nodes/${ids.connection}/pve-jkt1`, '/outgoing-webhooks/deliveries', '/products/new', '/connections/new', `/connections/${ids.connection}`, `/products/${ids.product}`, `/services/${ids.service}`, '/services/adopt', `/services/adopt?service=${ids.service}`],
  business: () => [...Object.keys(own.business), ...Object.keys(everybody), `/products/${ids.product}`, `/services/${ids.service}`, `/services/change/${ids.service}`, `/services/options/${ids.service}`, `/clients/align/${ids.client}`],
  finance: () => [...Object.keys(own.finance), '/ledger/entries', '/ledger/periods', '/invoices/new', '/invoices/coretax', `/invoices/${ids.invoice}`, '/reports/revenue', '/reports/payments', '/reports/ageing'],
}
const titleOf = (html: string) => /<title>([^<]*)<\/title>/.exec(html)?.[1]

describe.each(staffRoles)('%s', (role) => {
  let watched: WatchedPage
  beforeAll(async () => {
    watched = await openPage(browser, demo)
    await signIn(watched.page, demo, `${role}@demo.gardu.test`)
  })
  afterAll(() => watched?.close())

  it('is offered exactly the pages of the role; they open in both languages under their own title, and the others are refused', async () => {
    const mine = { ...everybody, ...own[role] }
    await watched.page.locator('aside nav a').first().waitFor()
    const offered = await watched.page.locator('aside nav a').evaluateAll(links => links.map(link => link.getAttribute('href')))
    expect(offered.sort()).toEqual(Object.keys(mine).map(path => `/admin${path}`).sort())
    for (const [path, [indonesian, english]] of Object.entries(mine)) {
      expect(titleOf(await (await watched.page.request.get(`${demo.url}/admin${path}`)).text())).toBe(`${indonesian} · Gardu`)
      expect(titleOf(await (await watched.page.request.get(`${demo.url}/en/admin${path}`)).text())).toBe(`${english} · Gardu`)
    }
    for (const path of staffRoles.filter(other => other !== role).flatMap(other => Object.keys(own[other])).filter(other => !(other in mine))) expect((await watched.page.request.get(`${demo.url}/admin${path}`)).status()).toBe(403)
    const [foreign] = { sysadmin: ['/api/admin/promos'], business: ['/api/admin/connections'], finance: ['/api/admin/nodes'] }[role]
    expect((await watched.page.request.get(demo.url + foreign)).status()).toBe(403)
  })

  it('sees pages about which neither Chromium nor axe complains, in light and dark, in one language or the other, and that fit a phone', async () => {
    const { page } = watched
    for (const [i, path] of seenBy[role]().entries()) {
      await page.emulateMedia({ colorScheme: 'light' })
      await page.setViewportSize({ width: 1280, height: 720 })
      await watched.visit(`${i % 2 === 0 ? '' : '/en'}/admin${path}`)
      expect(await axeInBothModes(page)).toEqual([])
      expect(watched.complaints).toEqual([])
      await page.setViewportSize({ width: 360, height: 780 })
      await page.waitForFunction(() => innerWidth === 360)
      const cut = await page.evaluate(() => [...document.querySelectorAll('main *')].filter(element => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('pre, table, .sr-only')).map(element => element.outerHTML.slice(0, 120)))
      expect({ path, cut }).toEqual({ path, cut: [] })
    }
    expect(watched.foreign).toEqual([])
  })
})

describe('what staff do', () => {
  const faults = (body: object) => fetch(`${demo.controlUrl}/faults/proxmox`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  let watched: WatchedPage
  let page: Page
  const dialog = () => page.getByRole('dialog')
  const press = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).click()
  const fill = (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)
  const said = (text: string | RegExp) => page.getByText(text).first().waitFor()
  const audited = async (action: string, entityId?: string) => expect((await owner.get(`/api/admin/audit?pageSize=100&q=${action}`)).body.items.filter((row: { entityId: string }) => !entityId || row.entityId === entityId).length).toBeGreaterThan(0)
  const listed = async (path: string, name: string) => (await owner.get(path)).body.items.filter((item: Record<string, string>) => item.name === name || item.code === name)
  beforeAll(async () => {
    watched = await openPage(browser, demo)
    page = watched.page
    page.setDefaultTimeout(15_000)
    await signIn(page, demo, 'owner@demo.gardu.test', { language: 'en' })
    // It takes the task a minute to pause for long: that passes while others are tested, none of which builds.
    await faults({ failTasks: 'qmclone' })
    ids.failing = (await vps('web-2.contoh.id')).serviceId
  })
  afterAll(() => watched?.close())

  it('a connection is tested before it is saved, and not added twice when the answer is lost; the test says which step failed until address, certificate and token are right; what it offers is shown before it is applied', async () => {
    const { proxmox } = JSON.parse(readFileSync(`${demo.dataDir}/simulators/simulators.json`, 'utf8')) as { proxmox: { url: string, tokenId: string, tokenSecret: string } }
    await watched.visit('/en/admin/connections/new')
    await press('Test and save')
    await page.locator('input[name=name]:focus').waitFor()
    await fill('Name', 'Bandung')
    await fill('API address', 'https://not-there.invalid:8006')
    await fill('Token ID', proxmox.tokenId)
    await fill('Token secret', 'a-wrong-secret')
    await fill('Storage', 'ceph-vm')
    await press('Test and save')
    await said(/not-there\.invalid cannot be resolved/)
    expect(await listed('/api/admin/connections', 'Bandung')).toEqual([])
    await page.route('**/api/admin/connections', async (route) => {
      await route.fetch()
      await route.abort('connectionreset')
    }, { times: 1 })
    await press('Save all the same')
    await said(/it will not be done twice/)
    await press('Save all the same')
    await page.waitForURL(/connections\/[0-9a-f-]{36}/)
    const [made, second] = await listed('/api/admin/connections', 'Bandung')
    expect(second).toBeUndefined()
    await said(/not-there\.invalid cannot be resolved/)
    await fill('API address', proxmox.url)
    await fill('Token secret', 'a-wrong-secret')
    await press('Test and save')
    await press('Pin this fingerprint')
    await said(/The token was refused/)
    expect((await owner.get(`/api/admin/connections/${made.id}`)).body).toMatchObject({ url: 'https://not-there.invalid:8006', tls: { mode: 'system' } })
    await fill('Token secret', proxmox.tokenSecret)
    await press('Test and save')
    await said('Connection saved')
    await press('Test now')
    await said('Every step passed')
    await press('Synchronise')
    await dialog().getByText('New (5)').waitFor()
    expect((await owner.get(`/api/admin/connections/${made.id}`)).body.templateCount).toBe(0)
    await dialog().getByRole('button', { name: 'Apply' }).click()
    // Five templates and two bridges.
    await said(/Synchronised: 7 new/)
    for (const action of ['connection.create', 'connection.update', 'connection.test', 'connection.test-settings', 'connection.sync']) await audited(action, made.id)
    watched.complaints.splice(0)
  })

  it('what is being typed outlives a live refresh, and what was not touched follows it', async () => {
    const settings = { kind: 'proxmox', name: 'Surabaya', url: 'https://127.0.0.1:1', tls: { mode: 'system' }, tokenId: 'gardu@pve!gardu', tokenSecret: 'not-needed-here', storage: 'ceph-vm', bridge: 'vmbr0' }
    const { id } = (await owner.post('/api/admin/connections', settings)).body
    await watched.visit(`/en/admin/connections/${id}`)
    await fill('Name', 'Surabaya timur')
    expect((await owner.put(`/api/admin/connections/${id}`, { ...settings, bridge: 'vmbr9' })).status).toBe(200)
    await until('the untouched field follows', () => page.getByLabel('Network bridge').inputValue(), value => value === 'vmbr9')
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Surabaya timur')
    await page.getByRole('switch', { name: 'Maintenance mode' }).click()
    await press('Save')
    await said('Connection saved')
    expect((await owner.get(`/api/admin/connections/${id}`)).body).toMatchObject({ name: 'Surabaya timur', bridge: 'vmbr9', maintenance: true })
    await press('Delete')
    await dialog().getByRole('textbox').fill('Surabaya timur')
    await dialog().getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL(/\/connections$/)
    await audited('connection.delete', id)
  })

  it('all parts of a page and all tabs of a person hear of changes over one line: a browser has six to a server, and with six parts nothing could be loaded any more', async () => {
    const lines: string[] = []
    const count = (request: { url(): string }) => void (request.url().endsWith('/api/events') && lines.push(request.url()))
    // The page before may still be about to open its own.
    await page.goto('about:blank')
    page.on('request', count)
    await watched.visit(`/en/admin/connections/${ids.connection}`)
    const tab = await page.context().newPage()
    tab.on('request', count)
    await tab.goto(page.url(), { waitUntil: 'networkidle' })
    await ready(tab)
    page.off('request', count)
    expect(lines).toHaveLength(1)
    await tab.close()
    await watched.visit('/en/admin')
  })

  it('a connection in use is not deleted, and the page says so', async () => {
    await watched.visit(`/en/admin/connections/${ids.connection}`)
    await press('Delete')
    await dialog().getByRole('textbox').fill('Jakarta')
    await dialog().getByRole('button', { name: 'Delete' }).click()
    await said('The connection is in use and cannot be deleted.')
    expect((await owner.get(`/api/admin/connections/${ids.connection}`)).status).toBe(200)
    watched.complaints.splice(0)
  })

  it('an address pool with a wrong range is refused at its field, a right one is added', async () => {
    await watched.visit('/en/admin/address-pools')
    await press('Add pool')
    await dialog().getByLabel('Connection').click()
    await page.getByRole('option', { name: 'Jakarta' }).click()
    await fill('Name', 'Second')
    await fill('First address', '198.51.100.50')
    await fill('Last address', '198.51.100.10')
    await fill('Gateway', '198.51.100.1')
    await dialog().getByRole('button', { name: 'Add pool' }).click()
    await said('The last address comes before the first.')
    await fill('Last address', '198.51.100.60')
    await dialog().getByRole('button', { name: 'Add pool' }).click()
    await said('Address pool added')
    const [pool] = await listed('/api/admin/address-pools', 'Second')
    expect(pool.counts.free).toBe(11)
    await audited('address_pool.create', pool.id)
    watched.complaints.splice(0)
  })

  it('a product is checked, added, priced with its history, previewed, retired, put back and deleted', async () => {
    await watched.visit('/en/admin/products/new')
    await press('Add product')
    expect(await page.getByText('Required.').count()).toBe(4)
    await fill('Name', 'VPS Semeru')
    await fill('Slug', 'vps-semeru')
    for (const field of ['Summary', 'Description']) for (const language of ['Indonesian', 'English']) await fill(`${field} (${language})`, 'Semeru')
    await press('Add product')
    await page.getByRole('heading', { level: 1, name: 'VPS Semeru' }).waitFor()
    for (const [typed, shown] of [['75.000', /Rp\s75\.000/], ['80000', /Rp\s80\.000/]] as const) {
      await fill('Price', typed)
      await press('Set price')
      await until('the price is in the history', () => page.getByRole('table').innerText(), text => shown.test(text))
    }
    const [product] = await listed('/api/admin/products', 'VPS Semeru')
    expect(product.prices.map((price: { price: { amount: string }, current: boolean }) => [price.price.amount, price.current]).sort()).toEqual([['75000', false], ['80000', true]])
    for (const action of ['product.create', 'product.set-price']) await audited(action, product.id)
    const preview = page.getByRole('region', { name: 'Preview on the website' })
    await until('the card has the price', () => preview.innerText(), text => text.includes('VPS Semeru') && /Rp\s80\.000/.test(text))
    await fill('Name', 'VPS Semeru Raya')
    await until('the card follows what is typed', () => preview.innerText(), text => text.includes('VPS Semeru Raya') && text.includes('Configure and order'))
    await preview.getByRole('button', { name: 'Indonesian' }).click()
    await until('the card speaks the other language', () => preview.innerText(), text => text.includes('Atur dan pesan'))
    await press('Retire')
    await dialog().getByLabel('Reason').fill('replaced')
    await dialog().getByRole('button', { name: 'Retire' }).click()
    await said('This product is retired')
    await audited('product.retire', product.id)
    await press('Put back')
    await dialog().getByLabel('Reason').fill('still wanted')
    await dialog().getByRole('button', { name: 'Put back' }).click()
    await until('it is a draft again', async () => (await listed('/api/admin/products', 'VPS Semeru'))[0], row => row.status === 'draft')
    await audited('product.put-back', product.id)
    await press('Delete')
    await dialog().getByRole('textbox').fill('VPS Semeru')
    await dialog().getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL(/\/products$/)
    expect(await listed('/api/admin/products', 'VPS Semeru')).toEqual([])
  })

  it('a promo code is limited to a product and a cycle, changed and switched off', async () => {
    await watched.visit('/en/admin/promos')
    await press('Add promo code')
    await fill('Code', 'akhir-tahun')
    await fill('Discount', '150')
    await dialog().getByRole('button', { name: 'Add promo code' }).click()
    await said('At most 100 percent.')
    await fill('Discount', '15')
    await dialog().getByLabel('Products').click()
    await page.getByRole('option', { name: 'VPS Rinjani 1' }).click()
    await page.keyboard.press('Escape')
    await dialog().getByLabel('Billing cycles').click()
    await page.getByRole('option', { name: 'yearly' }).click()
    await page.keyboard.press('Escape')
    await fill('Most uses', '25')
    await dialog().getByLabel('For', { exact: true }).click()
    await page.getByRole('option', { name: 'For good' }).click()
    await dialog().getByRole('switch', { name: 'Combinable' }).click()
    await dialog().getByRole('button', { name: 'Add promo code' }).click()
    await said('1 product · yearly')
    const [promo] = await listed('/api/admin/promos', 'AKHIR-TAHUN')
    expect(promo).toMatchObject({ value: '15', productIds: [ids.product], cycles: ['annually'], maxRedemptions: 25, maxPerClient: 1, periods: null, appliesTo: 'recurring', combinable: true })
    await press('Change AKHIR-TAHUN')
    await dialog().getByRole('switch', { name: 'Switched on' }).click()
    await dialog().getByRole('button', { name: 'Save' }).click()
    await until('the code is off', async () => (await listed('/api/admin/promos', 'AKHIR-TAHUN'))[0], row => row.active === false && row.productIds.length === 1)
    for (const action of ['promo.create', 'promo.update']) await audited(action, promo.id)
  })

  it('a price is announced to existing services: what it does is shown first, they get it, and it can be withdrawn', async () => {
    await watched.visit(`/en/admin/products/${ids.product}`)
    await fill('New price', '60000')
    await press('See what it does')
    await said(/Announce Rp\s60\.000 from/)
    await dialog().getByRole('button', { name: 'Announce price' }).click()
    await until('the service has it', () => serviceOf(ids.service), body => body.priceChanges[0]?.price.amount === '60000')
    await press('Withdraw announcement')
    await dialog().getByRole('button', { name: 'Withdraw announcement' }).click()
    await until('it is gone', () => serviceOf(ids.service), body => body.priceChanges.length === 0)
    for (const action of ['product.announce-price', 'product.withdraw-price']) await audited(action, ids.product)
  })

  it('a failed task is retried from the service\'s page', async () => {
    const serviceId = ids.failing
    // It tries again by itself, ever later: staff have time to be first only once the pause is long enough.
    const waitsLong = ({ sagas: [saga] }: { sagas: { status: string, reason: string | null, retryAt: string | null }[] }) => saga?.status === 'failed' || (saga?.status === 'waiting' && saga.reason !== null && Date.parse(saga.retryAt ?? '') > Date.now() + 15_000)
    await until('the build failed and waits a while', () => serviceOf(serviceId), waitsLong, 120)
    await watched.visit(`/en/admin/services/${serviceId}`)
    await press('Retry')
    await faults({ failTasks: '' })
    await dialog().getByRole('button', { name: 'Retry' }).click()
    await until('the machine is built', () => serviceOf(serviceId), body => body.resourceStatus === 'ready', 60)
    await said('Running')
    await audited('service.retry', serviceId)
  })

  it('a webhook is replayed and books nothing twice', async () => {
    const before = (await owner.get(`/api/admin/invoices/${ids.invoice}`)).body.journal.length
    await watched.visit('/en/admin/webhooks')
    await page.getByRole('button', { name: /^Show: / }).last().click()
    await said('Worked on once')
    await press('Replay')
    await said('Worked on 2 times')
    await audited('webhook.replay')
    expect((await owner.get(`/api/admin/invoices/${ids.invoice}`)).body.journal.length).toBe(before)
  })

  it('a held service is left alone by the moved clock; released, the plan is run', async () => {
    await watched.visit('/en/admin/billing/plan?at=2027-01-20')
    await page.getByRole('button', { name: 'Hold: web-1.contoh.id' }).first().click()
    await dialog().getByLabel(/Reason/).fill('the client asked for it')
    await dialog().getByRole('button', { name: 'Hold' }).click()
    await page.getByRole('button', { name: 'Release: web-1.contoh.id' }).first().waitFor()
    for (const days of [14, 7]) {
      await press(`Move ${days} days forward and run the billing calendar`)
      await said(`(${days === 14 ? 14 : 21} days ahead)`)
    }
    expect((await serviceOf(ids.service)).openInvoiceId).toBeNull()
    await page.getByRole('button', { name: 'Release: web-1.contoh.id' }).first().click()
    await watched.visit('/en/admin/billing/plan')
    // Yesterday the service was held: the plan says what became of that, and of what.
    await page.getByText(/Compared with the plan of/).waitFor()
    await page.getByText('The service is not held any more.').first().waitFor()
    await press('Run now')
    await dialog().getByRole('button', { name: 'Run now' }).click()
    await until('the renewal invoice', () => serviceOf(ids.service), body => body.openInvoiceId !== null)
    for (const action of ['service.hold', 'service.release_hold', 'billing.run']) await audited(action)
  })

  it('the audit log tells in words who did what, and what changed', async () => {
    const promo = { code: 'AUDIT-1', kind: 'fixed', value: '5000' }
    const { id } = (await owner.post('/api/admin/promos', promo)).body
    await owner.put(`/api/admin/promos/${id}`, { ...promo, active: false })
    await watched.visit(`/en/admin/audit?q=${id}`)
    const text = await page.getByRole('table').innerText()
    for (const told of ['Promo code added', 'Promo code changed', 'Hendra Wijaya']) expect(text).toContain(told)
    await page.getByRole('button', { name: 'Change: Promo code changed' }).click()
    expect(await dialog().innerText()).toMatch(/"active": true[\s\S]*"active": false/)
    expect(watched.complaints).toEqual([])
    expect(watched.foreign).toEqual([])
  })
})

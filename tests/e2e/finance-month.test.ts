import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, openPage, signIn } from '../support/browser.ts'
import type { WatchedPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { atMidtrans, logIn, until } from '../support/journey.ts'
import { wordsOf } from '../support/words.ts'

/** Finance's month as people do it: a client pays by each way, Finance does everything else, both on screen. Only what happens at the bank is asked of the simulators. */
type Way = 'virtual account' | 'QR code' | 'hosted page' | 'bank transfer' | 'credit'
const ways = ['virtual account', 'QR code', 'hosted page', 'bank transfer', 'credit'] as const
const say = wordsOf('id')
const digits = (text: string) => text.replace(/\D/g, '')
let demo: Demo
let browser: Browser
let api: Awaited<ReturnType<typeof logIn>>
let client: WatchedPage
let finance: WatchedPage
const orders = new Map<Way, { invoiceId: string, serviceId: string, hostname: string }>()
beforeAll(async () => {
  demo = await startDemo()
  browser = await launchChromium()
  api = await logIn(demo, 'client@demo.gardu.test')
  for (const seat of ['client', 'finance'] as const) {
    const watched = await openPage(browser, demo)
    watched.page.setDefaultTimeout(20_000)
    await signIn(watched.page, demo, `${seat}@demo.gardu.test`, { language: 'id' })
    if (seat === 'client') client = watched
    else finance = watched
  }
  const product = ((await api.get('/api/storefront/products?kind=vps')).body.items as { id: string, slug: string, templates: { id: string }[] }[]).find(one => one.slug === 'vps-rinjani-1')
  for (const [i, way] of ways.entries()) {
    const hostname = `bulan-${i + 1}.contoh.id`
    const { status, body } = await api.post('/api/portal/orders', { items: [{ productId: product?.id, cycle: 'monthly', hostname, templateId: product?.templates[0]?.id }], promoCodes: [] })
    if (status >= 300) throw new Error(`no order: ${JSON.stringify(body)}`)
    orders.set(way, { invoiceId: body.invoiceId, serviceId: body.items[0].serviceId, hostname })
  }
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

function orderOf(way: Way) {
  const order = orders.get(way)
  if (!order) throw new Error(`nothing was ordered to be paid by ${way}`)
  return order
}
const press = (page: Page, key: string, values?: Record<string, string>) => page.getByRole('button', { name: say(key, values), exact: true }).click()
const dialog = (page: Page) => page.getByRole('dialog')
const choose = async (page: Page, method: string) => {
  await page.getByText(say(`common.method.${method}`), { exact: true }).last().click()
  await page.getByRole('button', { name: /^Bayar Rp/ }).click()
}
const paid = (page: Page) => page.getByText(say('common.status.invoice.paid'), { exact: true }).first().waitFor()
const openInvoice = (seat: WatchedPage, way: Way) => seat.visit(`/${seat === client ? 'portal' : 'admin'}/invoices/${orderOf(way).invoiceId}`)
const serviceIs = (way: Way, status: string) => until(`the service paid by ${way} is ${status}`, async () => (await api.get(`/api/portal/services/${orderOf(way).serviceId}`)).body.status, now => now === status, 90)

/** Gives money back through the dialog on the invoice's page; the row that appears is answered. */
async function refund(way: Way, kind: 'gateway' | 'credit', amount: string) {
  const { page } = finance
  await openInvoice(finance, way)
  await press(page, 'refunds.give')
  await dialog(page).getByText(say(`refunds.kind.${kind}`), { exact: true }).click()
  await dialog(page).getByLabel(say('refunds.amount')).fill(amount)
  await dialog(page).getByText(say('refunds.consequence.keep'), { exact: true }).click()
  await dialog(page).getByLabel(say('refunds.reason')).fill('Gangguan dua hari')
  await dialog(page).getByRole('button', { name: say('refunds.give'), exact: true }).click()
  await dialog(page).waitFor({ state: 'detached' })
  return page.getByRole('region', { name: say('refunds.panel') })
}
const forward = async (days: number) => {
  const { page } = finance
  const reply = page.waitForResponse(response => response.url().endsWith('/api/demo/clock') && response.request().method() === 'POST', { timeout: 90_000 })
  await page.getByRole('button', { name: say('infrastructure.clock.addLabel', { n: String(days) }) }).click()
  expect((await reply).status()).toBe(200)
  await page.getByRole('button', { name: say('infrastructure.clock.addLabel', { n: '1' }) }).isEnabled()
  await page.waitForLoadState('networkidle')
}
const dayAhead = async (days: number) => new Date(Date.parse((await api.get('/api/demo/clock')).body.now) + days * 86_400_000 + 7 * 3_600_000).toISOString().slice(0, 10)

describe('a month of Finance on screen', () => {
  it('the client pays by virtual account, QR code and hosted page; each turns to paid by itself', async () => {
    const { page } = client
    await openInvoice(client, 'virtual account')
    await choose(page, 'bca_va')
    await atMidtrans(demo, digits(await page.locator('.select-all').first().innerText()))
    await paid(page)
    await openInvoice(client, 'QR code')
    await choose(page, 'qris')
    await page.getByAltText(say('portal.pay.qrAlt')).waitFor()
    const { transactions } = await (await fetch(`${demo.controlUrl}/state/midtrans`)).json() as { transactions: { id: string }[] }
    await fetch(`${demo.controlUrl.replace(/\d+$/, port => String(Number(port) + 2))}/simulator/transactions/${transactions.at(-1)?.id}/pay`, { method: 'POST', redirect: 'manual' })
    await paid(page)
    await openInvoice(client, 'hosted page')
    await choose(page, 'xendit')
    await page.waitForURL(/\/pay\//)
    await page.getByRole('button', { name: 'QRIS', exact: true }).click()
    await page.getByText('Lunas', { exact: true }).first().waitFor()
    await openInvoice(client, 'hosted page')
    await paid(page)
  })

  it('a bank transfer with its code and proof is found in the bank\'s statement and confirmed in one click', async () => {
    const { page } = client
    await openInvoice(client, 'bank transfer')
    await choose(page, 'transfer')
    await page.locator('input[type=file]').setInputFiles({ name: 'bukti.png', mimeType: 'image/png', buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') })
    await page.getByText(say('transfers.pay.confirming')).waitFor()
    const { attempt } = (await api.get(`/api/portal/invoices/${orderOf('bank transfer').invoiceId}/ways`)).body as { attempt: { amount: { amount: string }, accounts: { bank: string, number: string }[] } }
    const [year, month, day] = (await dayAhead(0)).split('-')
    const account = attempt.accounts.find(one => one.bank === 'BCA')
    const statement = [`No. rekening : ${account?.number}`, `Periode : 01/${month}/${year} - ${day}/${month}/${year}`, 'Tanggal Transaksi,Keterangan,Cabang,Jumlah,Saldo', `'${day}/${month},"TRSF E-BANKING CR BULAN EMPAT",'0000,"${attempt.amount.amount} CR","1000000.17"`].join('\n')
    const desk = finance.page
    await finance.visit('/admin/bank')
    await press(desk, 'transfers.import.action')
    await dialog(desk).locator('input[type=file]').setInputFiles({ name: 'mutasi.csv', mimeType: 'text/csv', buffer: Buffer.from(statement) })
    await dialog(desk).getByText('TRSF E-BANKING CR BULAN EMPAT').waitFor()
    await dialog(desk).getByRole('button', { name: say('transfers.import.action'), exact: true }).click()
    await dialog(desk).waitFor({ state: 'detached' })
    await desk.getByRole('button', { name: new RegExp(`^${say('transfers.bank.confirmOne').split('{')[0]?.trim()}`) }).first().click()
    await paid(page)
  })

  it('money goes back through the gateway and as credit; the client pays the next invoice with the credit and the rest by virtual account', async () => {
    await (await refund('QR code', 'gateway', '10000')).getByText(say('common.status.refund.done'), { exact: true }).waitFor()
    await (await refund('virtual account', 'credit', '15000')).getByText(say('common.status.refund.done'), { exact: true }).waitFor()
    const { page } = client
    await openInvoice(client, 'credit')
    await press(page, 'transfers.credit.use')
    await dialog(page).getByLabel(say('transfers.credit.amount')).fill('15000')
    await dialog(page).getByRole('button', { name: say('transfers.credit.pay'), exact: true }).click()
    await dialog(page).waitFor({ state: 'detached' })
    await choose(page, 'bni_va')
    await atMidtrans(demo, digits(await page.locator('.select-all').first().innerText()))
    await paid(page)
    for (const way of ways) await serviceIs(way, 'active')
  })

  it('what is not renewed is suspended by the calendar and comes back when it is paid; what Finance holds is not, until it is released', async () => {
    const desk = finance.page
    await finance.visit('/admin/billing/plan')
    await forward(14)
    await forward(7)
    const renewals = await until('five renewals', async () => (await api.get('/api/portal/invoices?status=issued&page=1&pageSize=50')).body.items as { id: string }[], items => items.length === ways.length)
    const unpaid = new Map<string, string>()
    for (const { id } of renewals) {
      const { lines } = (await api.get(`/api/portal/invoices/${id}`)).body as { lines: { serviceId: string }[] }
      unpaid.set(lines[0]?.serviceId ?? '', id)
    }
    // Three are paid at the counter, and booked by Finance.
    for (const way of ['QR code', 'hosted page', 'credit'] as const) {
      await finance.visit(`/admin/invoices/${unpaid.get(orderOf(way).serviceId)}`)
      await press(desk, 'admin.money.book')
      await dialog(desk).getByLabel(say('admin.money.reference')).fill(`Setoran ${way}`)
      await dialog(desk).getByRole('button', { name: say('admin.money.book'), exact: true }).click()
      await dialog(desk).waitFor({ state: 'detached' })
      await paid(desk)
    }
    // The other two are looked at in the plan of the day on which they would be suspended; one is held.
    await finance.visit(`/admin/billing/plan?at=${await dayAhead(13)}`)
    const { hostname } = orderOf('bank transfer')
    await desk.getByRole('button', { name: `${say('admin.billing.hold')}: ${hostname}` }).first().click()
    await dialog(desk).getByLabel(say('common.confirm.reason')).fill('Transfer sedang dicari bank')
    await dialog(desk).getByRole('button', { name: say('admin.billing.hold'), exact: true }).click()
    await desk.getByRole('button', { name: `${say('admin.billing.release')}: ${hostname}` }).first().waitFor()
    await forward(14)
    await serviceIs('virtual account', 'suspended')
    await serviceIs('bank transfer', 'active')
    await client.visit(`/portal/invoices/${unpaid.get(orderOf('virtual account').serviceId)}`)
    await choose(client.page, 'permata_va')
    await atMidtrans(demo, digits(await client.page.locator('.select-all').first().innerText()))
    await paid(client.page)
    await serviceIs('virtual account', 'active')
    await finance.visit('/admin/billing/plan')
    await desk.getByRole('button', { name: `${say('admin.billing.release')}: ${hostname}` }).first().click()
    await desk.getByRole('button', { name: `${say('admin.billing.hold')}: ${hostname}` }).first().waitFor()
    await press(desk, 'admin.billing.run')
    await dialog(desk).getByRole('button', { name: say('admin.billing.run'), exact: true }).click()
    await dialog(desk).waitFor({ state: 'detached' })
    // Nobody is suspended unwarned: the final notice goes out first, a day before.
    await serviceIs('bank transfer', 'past_due')
    await forward(3)
    await serviceIs('bank transfer', 'suspended')
  })

  it('the ledger proves itself, the month is closed, and nothing is booked into it any more', async () => {
    const desk = finance.page
    await finance.visit('/admin/ledger')
    await press(desk, 'admin.ledger.prove')
    const proof = desk.getByRole('region', { name: say('admin.ledger.proof') })
    await proof.getByText(say('admin.ledger.check.chain')).waitFor()
    await proof.getByText(say('admin.ledger.running')).waitFor({ state: 'detached' })
    expect(await proof.getByText(say('admin.ledger.failed'), { exact: true }).count()).toBe(0)
    await finance.visit('/admin/ledger/periods')
    const month = (await desk.getByRole('button', { name: new RegExp(`^${say('ledger.periods.close').split(' ')[0]} `) }).innerText()).trim()
    await desk.getByRole('button', { name: month, exact: true }).click()
    await dialog(desk).getByRole('button', { name: month, exact: true }).click()
    await dialog(desk).waitFor({ state: 'detached' })
    await desk.getByRole('table').getByText(say('ledger.periods.isClosed'), { exact: true }).nth(1).waitFor()
  })

  it('the reports tell the month: each number opens its rows, and leaves as CSV and Excel', async () => {
    const desk = finance.page
    for (const report of ['payments', 'tax', 'products', 'ageing', 'revenue']) {
      await finance.visit(`/admin/reports/${report}`)
      const number = desk.getByRole('link', { name: new RegExp(say('reports.showRows', { value: '' }).replace(': ', '')) }).first()
      await number.click()
      await desk.getByRole('button', { name: say('reports.close'), exact: true }).waitFor()
      for (const format of ['csv', 'xlsx'] as const) {
        const href = await desk.locator('header').getByRole('link', { name: `${say('reports.download')}: ${say(`reports.${format}`)}` }).getAttribute('href')
        const file = await desk.context().request.get(`${demo.url}${href}`)
        expect(file.status()).toBe(200)
        expect((await file.body()).subarray(0, 3).toString('latin1')).toBe(format === 'xlsx' ? 'PK\u0003' : '\u00EF\u00BB\u00BF')
      }
    }
    expect([...client.complaints, ...finance.complaints]).toEqual([])
  })
})

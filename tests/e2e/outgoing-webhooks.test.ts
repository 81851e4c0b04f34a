import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeInBothModes, launchChromium, openPage, signIn } from '../support/browser.ts'
import type { WatchedPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { logIn, until } from '../support/journey.ts'

describe('outgoing webhooks', () => {
  let demo: Demo
  let browser: Browser
  let watched: WatchedPage
  let relay: string
  beforeAll(async () => {
    demo = await startDemo()
    browser = await launchChromium()
    relay = `http://127.0.0.1:${Number(new URL(demo.controlUrl).port) + 6}`
    watched = await openPage(browser, demo)
    watched.page.setDefaultTimeout(15_000)
    await signIn(watched.page, demo, 'sysadmin@demo.gardu.test', { language: 'en' })
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.stop()
  })

  it('an endpoint is added, its secret shown once, a private address refused at its field; a ping and an order\'s notice reach the relay, signed', async () => {
    const { page } = watched
    const dialog = () => page.getByRole('dialog')
    await watched.visit('/en/admin/outgoing-webhooks')
    await page.getByRole('button', { name: 'Add endpoint' }).first().click()
    await dialog().getByLabel('Endpoint').fill('WhatsApp')
    await dialog().getByLabel('Address').fill('https://10.0.0.1/hook')
    await dialog().getByRole('button', { name: 'Add endpoint' }).click()
    await dialog().getByText('This address is not public.').first().waitFor()
    watched.complaints.splice(0)
    await dialog().getByLabel('Address').fill(`${relay}/hook`)
    await dialog().getByRole('button', { name: 'Add endpoint' }).click()
    const secret = await dialog().getByText(/^\s*whsec_/).textContent()
    await fetch(`${relay}/secret`, { method: 'POST', body: new URLSearchParams({ secret: secret?.trim() ?? '' }) })
    await dialog().getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Test: WhatsApp' }).click()
    await page.getByText('WhatsApp took the ping').first().waitFor()
    const client = await logIn(demo, 'client@demo.gardu.test')
    const [product] = (await client.get('/api/storefront/products?kind=vps')).body.items
    expect((await client.post('/api/portal/orders', { items: [{ productId: product.id, cycle: 'monthly', hostname: 'hook.contoh.id', templateId: product.templates[0].id }], promoCodes: [] })).status).toBe(201)
    const owner = await logIn(demo, 'owner@demo.gardu.test')
    const listed = async () => (await owner.get('/api/admin/webhook-deliveries')).body.items as { type: string, status: string }[]
    await until('the notice was told', listed, items => items.some(item => item.type === 'invoice_issued' && item.status === 'delivered'))
    expect(await (await fetch(`${relay}/`)).text()).toContain('genuine')
    await watched.visit('/en/admin/outgoing-webhooks/deliveries')
    await page.getByRole('button', { name: /^Show: invoice_issued/ }).first().click()
    await dialog().getByText('"type": "invoice_issued"').waitFor()
    expect(await axeInBothModes(page)).toEqual([])
    expect(watched.complaints).toEqual([])
  })
})

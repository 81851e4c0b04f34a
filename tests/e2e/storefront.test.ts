import { createHash } from 'node:crypto'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, launchChromium, openPage, ready } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { logIn, until } from '../support/journey.ts'

let demo: Demo
let browser: Browser
beforeAll(async () => {
  demo = await startDemo()
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

const publicPaths = ['/', '/en', '/vps', '/en/vps', '/hosting', '/domains', '/vps/vps-rinjani-1', '/en/vps/vps-rinjani-1']
const get = (path: string, headers: Record<string, string> = {}) => fetch(demo.url + path, { redirect: 'manual', headers: { accept: 'text/html', ...headers } })

async function visit(path: string, options: BrowserContextOptions = {}) {
  const watched = await openPage(browser, demo, options)
  await watched.visit(path)
  return watched
}

describe('public pages', () => {
  it.each(publicPaths)('%s: every inline script is covered by a hash, no nonce and no cookie is shared, and the second visitor gets the same', async (path) => {
    // What is left of the plans is counted anew soon after the start: a page that was drawn before that is drawn once more.
    const inARow = async () => {
      const [first, second] = [await get(path), await get(path)]
      return { first, second, html: await first.text(), again: await second.text() }
    }
    const { first, second, html } = await until('two visitors in a row get the same', inARow, ({ html, again }) => html === again)
    const policy = first.headers.get('content-security-policy') ?? ''
    expect(second.headers.get('content-security-policy')).toBe(policy)
    expect(second.headers.get('set-cookie')).toBeNull()
    expect(policy).not.toMatch(/nonce-|unsafe-eval|script-src[^;]*unsafe-inline/)
    const inline = [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)].filter(([, attributes = '', code]) => code && !attributes.includes('src=') && !/application\/(ld\+)?json/.test(attributes))
    expect(inline.length).toBeGreaterThan(0)
    for (const [, , code = ''] of inline) expect(policy).toContain(`'sha256-${createHash('sha256').update(code).digest('base64')}'`)
    const fresh = await get(path, { 'if-none-match': first.headers.get('etag') ?? '' })
    expect(fresh.status).toBe(304)
  })
  it('a personal page has a nonce of its own each time', async () => {
    const nonce = async () => /'nonce-([^']+)'/.exec((await get('/cart')).headers.get('content-security-policy') ?? '')?.[1]
    const [first, second] = [await nonce(), await nonce()]
    expect(first).toBeTruthy()
    expect(second).not.toBe(first)
  })
  it.each([...publicPaths, '/domains?name=contoh-2026', '/cart', '/auth/login'])('%s: Chromium has nothing to complain about and speaks to nobody else', async (path) => {
    const { complaints, foreign, close } = await visit(path)
    expect(complaints).toEqual([])
    expect(foreign).toEqual([])
    await close()
  })
  it.each(['light', 'dark'] as const)('axe finds nothing, %s', async (colorScheme) => {
    for (const path of ['/', '/en/vps', '/vps/vps-rinjani-1', '/hosting', '/domains?name=contoh-2026', '/cart']) {
      const { page, close } = await visit(path, { colorScheme })
      expect(await axe(page)).toEqual([])
      await close()
    }
  })
  it('every page says its canonical address, both languages and its title', async () => {
    for (const path of publicPaths) {
      const html = await (await get(path)).text()
      expect(html).toContain(`rel="canonical" href="${demo.url}${path}"`)
      expect(html).toMatch(/hreflang="id"[\s\S]*hreflang="en"|hreflang="en"[\s\S]*hreflang="id"/)
      expect(html).toMatch(/<title>[^<]+ · Gardu<\/title>/)
    }
    expect(await (await get('/vps/vps-rinjani-1')).text()).toContain('"@type":"Product"')
  })
  it('the sitemap names each plan in both languages, and robots.txt closes what is personal', async () => {
    const map = await (await get('/sitemap.xml')).text()
    for (const path of ['/vps/vps-rinjani-1', '/en/vps/vps-rinjani-1']) expect(map).toContain(`<loc>${demo.url}${path}</loc>`)
    const robots = await (await get('/robots.txt')).text()
    for (const path of ['/portal', '/en/admin', '/checkout', '/api/']) expect(robots).toContain(`Disallow: ${path}`)
  })
  it('a plan that does not exist is a 404 page that leads on', async () => {
    const answer = await get('/vps/tidak-ada')
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('href="/vps"')
  })
  it('a plan says what it runs on: on its card, in the comparison, on its page and in its structured data', async () => {
    const [list, own] = [await (await get('/en/vps')).text(), await (await get('/en/vps/vps-rinjani-1')).text()]
    expect(list.match(/Virtualisation/g)?.length).toBeGreaterThan(2)
    expect(own).toMatch(/"@type":"PropertyValue","name":"Virtualisation","value":"KVM"/)
  })
  it('a retired plan is gone with what is sold instead, then leads to its successor in the visitor\'s language, and is back when it is put back', async () => {
    const staff = await logIn(demo, 'sysadmin@demo.gardu.test')
    const { items } = (await staff.get('/api/admin/products?q=vps-rinjani')).body
    const [old, next] = ['vps-rinjani-4', 'vps-rinjani-1'].map(slug => items.find((product: { slug: string }) => product.slug === slug).id as string)
    const act = (name: string, body: object) => staff.post(`/api/admin/products/${old}/${name}`, { reason: 'by the test', ...body })
    expect((await get('/en/vps/vps-rinjani-4')).status).toBe(200)
    await act('retire', {})
    const gone = await get('/en/vps/vps-rinjani-4?cycle=quarterly')
    expect([gone.status, gone.headers.get('cache-control')]).toEqual([410, 'no-cache'])
    const html = await gone.text()
    for (const told of ['is no longer sold', 'href="/en/vps/vps-rinjani-1', 'noindex']) expect(html).toContain(told)
    expect(await (await get('/sitemap.xml')).text()).not.toContain('vps-rinjani-4')
    await act('put-back', { status: 'active' })
    await act('retire', { successorId: next })
    const moved = await get('/en/vps/vps-rinjani-4?cycle=quarterly')
    expect([moved.status, moved.headers.get('location'), moved.headers.get('cache-control')]).toEqual([301, '/en/vps/vps-rinjani-1?cycle=quarterly', 'no-cache'])
    await act('put-back', { status: 'active' })
    expect((await get('/en/vps/vps-rinjani-4')).status).toBe(200)
  })
  it('the home page loads no JavaScript while it is read, and at most 200 kB once the visitor does something', async () => {
    const page = await (await browser.newContext()).newPage()
    let bytes = 0
    page.on('response', (response) => {
      if (response.url().endsWith('.js')) bytes += Number(response.headers()['content-length'] ?? Number.NaN)
    })
    await page.goto(demo.url, { waitUntil: 'networkidle' })
    expect(bytes).toBe(0)
    await ready(page)
    expect(bytes).toBeGreaterThan(10_000)
    expect(bytes).toBeLessThan(200_000)
    await page.context().close()
  })
})

describe('a page that wakes', () => {
  it('keeps what was typed and chosen before the application ran, and it is what goes into the cart', async () => {
    const page = await (await browser.newContext()).newPage()
    let release = () => {}
    const held = new Promise<void>(resolve => release = resolve)
    await page.route('**/_nuxt/*.js', async (route) => {
      await held
      await route.continue()
    })
    await page.goto(`${demo.url}/vps/vps-rinjani-2`)
    await page.fill('#hostname', 'typed-early.example.com')
    await page.locator('input[name=templateId]').nth(1).check()
    const template = await page.locator('input[name=templateId]').nth(1).getAttribute('value')
    release()
    await ready(page)
    expect(await page.inputValue('#hostname')).toBe('typed-early.example.com')
    expect(await page.locator('input[name=templateId]:checked').getAttribute('value')).toBe(template)
    await page.click('form button[type=submit]')
    await page.waitForURL(/\/cart$/)
    expect(await page.innerText('main')).toContain('typed-early.example.com')
    await page.context().close()
  })
  it('does what a button was pressed for before the application ran', async () => {
    const page = await (await browser.newContext({ colorScheme: 'light' })).newPage()
    await page.goto(demo.url)
    await page.locator('header button[type=button]').click()
    await page.waitForFunction(() => document.documentElement.classList.contains('dark'))
    await page.context().close()
  })
})

describe('without JavaScript', () => {
  it('a plan is configured, put into the cart and taken out again; leaving the address repeats nothing', async () => {
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    await page.goto(`${demo.url}/en/vps/vps-rinjani-2?cycle=quarterly`)
    await page.fill('#hostname', 'no-script.example.com')
    await page.click('form button[type=submit]')
    expect(new URL(page.url()).search).toBe('')
    expect(await page.innerText('main')).toContain('no-script.example.com')
    await page.reload()
    expect(await page.locator('main li:has-text("no-script.example.com")').count()).toBe(1)
    await page.locator('a[href*="remove=0"]').click()
    expect(await page.innerText('h1 + *')).toContain('empty')
    await page.context().close()
  })
  it('a domain is checked; what the registry does not tell is never called available', async () => {
    const html = await (await get('/domains?name=sim-html-contoh.com')).text()
    expect(html).toContain('Belum dapat dipastikan')
    expect(html).toContain('sim-html-contoh.com')
    expect(html).not.toContain('>Tersedia<')
  })
})

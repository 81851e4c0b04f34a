import memoryDriver from 'unstorage/drivers/memory'
import { describe, expect, it } from 'vitest'
import { createPageCache, pageKey } from '#server/platform/page-cache.ts'

const rendered = (html: string) => ({ html, headers: { 'content-type': 'text/html' } })
const open = async (cache: ReturnType<typeof createPageCache>, key = '/vps') => {
  const found = await cache.open(key)
  return 'page' in found ? { html: found.page.html, ticket: null } : { html: null, ticket: found }
}

describe('cache of public pages', () => {
  it('a page is rendered once and then served until something changes', async () => {
    const cache = createPageCache()
    await (await open(cache)).ticket?.store(rendered('old'))
    expect((await open(cache)).html).toBe('old')
    await cache.invalidate()
    expect((await open(cache)).html).toBeNull()
  })
  it('a page that was being rendered when the catalogue changed is not served afterwards', async () => {
    const cache = createPageCache()
    const { ticket } = await open(cache)
    await cache.invalidate()
    await ticket?.store(rendered('old'))
    expect((await open(cache)).html).toBeNull()
  })
  it('replicas on one store share pages and an invalidation reaches them all', async () => {
    const driver = memoryDriver()
    const [a, b] = [createPageCache(), createPageCache()]
    a.use(driver, '1')
    b.use(driver, '1')
    await (await open(a)).ticket?.store(rendered('shared'))
    expect((await open(b)).html).toBe('shared')
    await b.invalidate()
    expect((await open(a)).html).toBeNull()
  })
  it('a page of one build is never served by another, whose files have other names', async () => {
    const driver = memoryDriver()
    const [a, b] = [createPageCache(), createPageCache()]
    a.use(driver, '1')
    b.use(driver, '2')
    await (await open(a)).ticket?.store(rendered('of build 1'))
    expect((await open(b)).html).toBeNull()
    await b.invalidate()
    expect((await open(a)).html).toBeNull()
  })
  it('a page lapses after five minutes by itself', async () => {
    let now = 0
    const cache = createPageCache(() => now)
    await (await open(cache)).ticket?.store(rendered('x'))
    now = 300_001
    expect((await open(cache)).html).toBeNull()
  })
  it('of many visitors at once one renders and the others get its page; when it gives up, another renders', async () => {
    const cache = createPageCache()
    const first = await open(cache)
    const waiting = open(cache)
    await first.ticket?.store(rendered('one'))
    expect((await waiting).html).toBe('one')
    await cache.invalidate()
    const second = await open(cache)
    const next = open(cache)
    second.ticket?.abandon()
    expect((await next).ticket).not.toBeNull()
  })
})

describe('which addresses are kept', () => {
  it.each([['/', '/'], ['/en', '/en'], ['/vps/vps-rinjani-1', '/vps/vps-rinjani-1'], ['/hosting/hosting-bromo', '/hosting/hosting-bromo'], ['/vps?ppn=1&cycle=annually', '/vps|cycle=annually|ppn=1'], ['/en/domains', '/en/domains']])('%s is kept', (path, key) => {
    expect(pageKey('GET', path)).toBe(key)
  })
  it.each(['/domains?name=contoh', '/cart', '/checkout', '/portal', '/admin', '/auth/login', '/vps?utm_source=x', '/vps?cycle=daily', '/vps?ppn=1&ppn=0', '/api/storefront/products', '/en/portal', '/vps/a/b', '/domains/a'])('%s is not', (path) => {
    expect(pageKey('GET', path)).toBeNull()
  })
  it('a write is never answered from the cache', () => {
    expect(pageKey('POST', '/')).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { checkDomains } from '#server/domains/check-domains.ts'
import type { AvailabilityAnswer } from '#server/domains/ports.ts'
import { readAnswer, readBootstrap, registryOf } from '#server/drivers/availability/rdap/transform.ts'
import { domainNames } from '#server/platform/domain-names.ts'
import { memoryKeyValue } from '#server/platform/kv.ts'
import { money } from '#shared/money/money.ts'
import { testClock } from '../../support/app.ts'

const notFound = JSON.stringify({ errorCode: 404, title: 'Object not found' })
const answer = (status: number, text: string, contentType = 'application/rdap+json') => readAnswer('contoh.com', { status, text, contentType })

describe('a registry\'s reply', () => {
  it('says taken only by RDAP\'s object of this very name', () => {
    expect(answer(200, JSON.stringify({ objectClassName: 'domain', ldhName: 'CONTOH.COM.' })).state).toBe('taken')
    for (const text of ['', '<html>', '[]', '{"objectClassName":"nameserver"}', JSON.stringify({ objectClassName: 'domain', ldhName: 'lain.com' })]) expect(answer(200, text).state).toBe('unknown')
  })
  it('says available only by a 404 in RDAP\'s own form', () => {
    expect(answer(404, notFound).state).toBe('available')
    expect(answer(404, '').state).toBe('available')
    for (const text of ['<h1>Not found</h1>', '{"error":"no such route"}', '{"errorCode":500}', '{']) expect(answer(404, text).state).toBe('unknown')
    expect(answer(404, notFound, 'text/html').state).toBe('unknown')
  })
  it.each([201, 204, 301, 302, 400, 401, 403, 410, 418, 429, 500, 502, 503])('status %i is unknown, never free, whatever its body says', (status) => {
    for (const text of ['', notFound, '<html>']) expect(answer(status, text).state).toBe('unknown')
  })
})

describe('the bootstrap file', () => {
  it('names a registry by the longest matching top level, https before http, and none for a top level it lacks', () => {
    const bases = readBootstrap({ services: [[['com', 'ID'], ['http://a.test/rdap', 'https://b.test/rdap']], [['co.id'], ['https://c.test/']]] })
    expect([registryOf('x.com', bases), registryOf('x.id', bases), registryOf('x.co.id', bases), registryOf('x.io', bases)]).toEqual(['https://b.test/rdap/', 'https://b.test/rdap/', 'https://c.test/', null])
  })
  it.each([[{}], [{ services: [] }], [{ services: [[['com'], ['ftp://x']]] }], ['<html>']])('%j is refused', (json) => {
    expect(() => readBootstrap(json)).toThrow()
  })
})

describe('checking a name', () => {
  const shop = (reply: (name: string) => AvailabilityAnswer | Promise<AvailabilityAnswer>) => {
    const asked: string[] = []
    const kvNow = { at: 0 }
    const tlds = ['com', 'id'].map(suffix => ({ suffix, register: money(1), renew: money(2), requirement: null }))
    const check = checkDomains({ read: { tldsOnSale: { list: async () => tlds } }, names: domainNames, cache: memoryKeyValue(() => kvNow.at), clock: testClock('2026-11-23T00:00:00Z'), availability: { check: async (name) => {
      asked.push(name)
      return reply(name)
    } } })
    return { check, asked, kvNow }
  }
  it('asks a registry once a minute for one name, and again afterwards', async () => {
    const { check, asked, kvNow } = shop(() => ({ state: 'available', reason: null }))
    await check({ name: 'contoh' })
    await check({ name: 'contoh' })
    expect(asked).toEqual(['contoh.com', 'contoh.id'])
    kvNow.at = 61_000
    await check({ name: 'contoh' })
    expect(asked).toHaveLength(4)
  })
  it('hands out each result as it arrives: a slow registry delays no other', async () => {
    let release = (_: AvailabilityAnswer) => {}
    const slow = new Promise<AvailabilityAnswer>((resolve) => { release = resolve })
    const { check } = shop(name => name === 'contoh.com' ? slow : { state: 'taken', reason: null })
    const seen: [number, string][] = []
    const all = check({ name: 'contoh' }, (result, index) => {
      seen.push([index, result.availability])
      if (index === 1) release({ state: 'unknown', reason: 'registry_slow' })
    })
    expect((await all).map(r => r.availability)).toEqual(['unknown', 'taken'])
    expect(seen).toEqual([[1, 'taken'], [0, 'unknown']])
  })
})

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ipv6PoolDays, ipv6Prefixes } from '#db/schema/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { shopWorld } from '../support/shop.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const text = (...lines: string[]) => new TextEncoder().encode(['address;status;reason', ...lines].join('\n'))

describe.each(databaseKinds())('lists and forecasts of IPv6 pools on %s', (kind) => {
  let test: TestApp
  let shop: ReturnType<typeof shopWorld>
  let nets = 0
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    shop = shopWorld(test.app)
  })
  afterAll(() => test.close())
  const db = () => test.app.core.database.executor
  const app = () => test.app.infrastructure
  async function pool() {
    const place = await shop.connection()
    const net = `2001:db8:${(++nets).toString(16)}`
    const { id } = await app().createIpv6Pool({ actor: sysadmin, fields: { connectionId: place.connectionId, name: `v6-${nets}`, prefix: `${net}::`, prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: [], bridge: null, vlanTag: null, nodes: [] } })
    const product = await shop.product(place)
    const order = async () => {
      const made = await shop.ordering.placeOrder({ clientId: await shop.buyer(), items: [shop.item(product, place.templateId)], promoCodes: [], cartToken: null })
      return (await db().select().from(ipv6Prefixes).where(eq(ipv6Prefixes.serviceId, made.items[0]?.serviceId ?? '')))[0]?.address
    }
    return { id, net, order }
  }
  const exported = async (id: string) => {
    const { content } = await app().exportIpv6Prefixes({ id, locale: 'id' })
    const parts: Uint8Array[] = []
    for await (const part of content) parts.push(part)
    return Buffer.concat(parts)
  }

  it('a list blocks and frees just what its preview showed, also what was never handed out, and nobody gets what is blocked', async () => {
    const { id, net, order } = await pool()
    const first = await order()
    expect(first).toBe(`${net}:1::1`)
    const list = text(`${net}:2::/64;blocked;router tamu`, `${net}:3::1;blocked;router tamu`, `${net}:5::1;blocked;dipakai`, `${first};blocked;dipakai`, `${net}::1;blocked;router`, '2001:db8:ffff::1;blocked;di luar', '203.0.113.7;blocked;bukan', `${net}:9::1;free;`)
    const seen = await app().previewIpv6({ id, content: list })
    expect(seen).toMatchObject({ applied: false, blocked: 3, freed: 0, unchanged: 1 })
    expect(seen.problems.map(({ problem }) => problem)).toEqual(['address_in_use', 'address_not_in_pool', 'address_not_in_pool', 'address_invalid'])
    expect((await app().importIpv6({ actor: sysadmin, id, content: list, agreed: 'lain' })).applied).toBe(false)
    expect((await app().importIpv6({ actor: sysadmin, id, content: list, agreed: seen.difference })).applied).toBe(true)
    expect([await order(), await order(), await order()]).toEqual([`${net}:4::1`, `${net}:6::1`, `${net}:7::1`])
    // What was exported, brought back, changes nothing.
    expect(await app().previewIpv6({ id, content: await exported(id) })).toMatchObject({ blocked: 0, freed: 0, problemCount: 0 })
    const back = text(`${net}:3::1;free;`)
    expect((await app().importIpv6({ actor: sysadmin, id, content: back, agreed: (await app().previewIpv6({ id, content: back })).difference })).freed).toBe(1)
    expect([await order(), await order()]).toEqual([`${net}:3::1`, `${net}:8::1`])
    expect((await app().showIpv6Pool({ id })).counts).toMatchObject({ reserved: 6, blocked: 2, free: 0 })
  })

  it('a place that was taken after the preview is not blocked, and nothing else of the list is', async () => {
    const { id, net, order } = await pool()
    const list = text(`${net}:1::1;blocked;router`, `${net}:2::1;blocked;router`)
    const { difference } = await app().previewIpv6({ id, content: list })
    await order()
    const answer = await app().importIpv6({ actor: sysadmin, id, content: list, agreed: difference })
    expect(answer).toMatchObject({ applied: false, blocked: 1, problemCount: 1 })
    expect(await db().select({ status: ipv6Prefixes.status }).from(ipv6Prefixes).where(eq(ipv6Prefixes.poolId, id))).toEqual([{ status: 'reserved' }])
  })

  it('each day is kept once, and tells when the pool is full', async () => {
    test.clock.set('2026-06-01T03:00:00Z')
    const { id, order } = await pool()
    const day = (text: string) => test.app.core.transact(stores => stores.ipv6Pools.recordDay(text))
    await day('2026-06-01')
    await order()
    await day('2026-06-01')
    expect((await app().showIpv6Pool({ id })).outlook).toMatchObject({ kind: 'unknown' })
    test.clock.set('2026-06-21T03:00:00Z')
    await order()
    await day('2026-06-21')
    expect(await db().select({ day: ipv6PoolDays.day, held: ipv6PoolDays.held }).from(ipv6PoolDays).where(eq(ipv6PoolDays.poolId, id)).orderBy(ipv6PoolDays.day)).toEqual([{ day: '2026-06-01', held: 0 }, { day: '2026-06-21', held: 2 }])
    const shown = await app().showIpv6Pool({ id })
    // Two in twenty days, of 65.535 less two.
    expect(shown.outlook).toEqual({ kind: 'days', days: 655_330, perDay: 0.1 })
    expect(shown.history).toHaveLength(2)
    expect((await app().listIpv6Pools({ page: 1, pageSize: 50 })).items.find(row => row.id === id)?.outlook).toEqual(shown.outlook)
    await test.app.core.transact(stores => stores.ipv6Pools.forgetDaysBefore('2026-06-20'))
    expect((await app().showIpv6Pool({ id })).history).toHaveLength(1)
  })
})

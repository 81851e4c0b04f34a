import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPowerDnsDriver } from '#server/drivers/dns/powerdns.ts'
import type { DnsAccess } from '#server/infrastructure/dns-ports.ts'
import { startNameServer } from '../support/powerdns.ts'
import type { NameServer } from '../support/powerdns.ts'
import { failureOf, kindOf } from './hypervisor.bench.ts'

/** What a name server behind the port guarantees; `real`: the command of a real PowerDNS. */
export const nameServerSuite = (title: string, real: string | null) => describe(title, () => {
  let server: NameServer
  const open = (change: Partial<DnsAccess> = {}) => createPowerDnsDriver({ url: server.url, serverId: 'localhost', apiKey: server.apiKey, tls: { mode: 'system', caPem: null, fingerprint: null }, ...change }, { totalMilliseconds: 5000 })
  const set = (address: string, name: string | null, change: Partial<DnsAccess> = {}) => open(change).setName({ address, name, ttl: 3600 })
  const stepsOf = async (change: Partial<DnsAccess> = {}) => {
    const steps = []
    for await (const step of open(change).test()) steps.push(step)
    return steps
  }
  beforeAll(async () => {
    server = await startNameServer(real)
    await server.addZone('10.in-addr.arpa.')
    await server.addZone('113.0.203.in-addr.arpa.')
    await server.addZone('8.b.d.0.1.0.0.2.ip6.arpa.')
    await server.addZone('100.51.198.in-addr.arpa.', 'Slave')
    await server.addZone('contoh.id.')
  })
  afterEach(() => server.fail(null))
  afterAll(() => server?.stop())

  it('a name is set, changed and taken away, each read back and answered to the world', async () => {
    await set('203.0.113.7', 'satu.contoh.id')
    expect(await server.names('203.0.113.7')).toEqual(['satu.contoh.id'])
    await set('203.0.113.7', 'dua.contoh.id')
    expect(await server.names('203.0.113.7')).toEqual(['dua.contoh.id'])
    await set('203.0.113.7', null)
    expect(await server.names('203.0.113.7')).toEqual([])
  })
  it('IPv6 addresses are named too', async () => {
    await set('2001:db8::7', 'enam.contoh.id')
    expect(await server.names('2001:db8::7')).toEqual(['enam.contoh.id'])
  })
  it('the most special zone that is there holds the name, and the names of other addresses are left alone', async () => {
    await set('10.1.2.3', 'a.contoh.id')
    await server.addZone('2.1.10.in-addr.arpa.')
    await set('10.1.2.4', 'b.contoh.id')
    await set('203.0.113.8', 'c.contoh.id')
    expect(await server.names('10.1.2.4')).toEqual(['b.contoh.id'])
    expect(await server.names('203.0.113.8')).toEqual(['c.contoh.id'])
  })
  it('the same name again changes nothing', async () => {
    await set('203.0.113.9', 'sama.contoh.id')
    const before = server.changes()
    await set('203.0.113.9', 'sama.contoh.id')
    await set('203.0.113.10', null)
    expect(server.changes()).toBe(before)
  })
  it('an answer lost after the act is read back, and not acted on twice', async () => {
    server.fail('lost')
    const before = server.changes()
    await set('203.0.113.11', 'hilang.contoh.id')
    expect(server.changes()).toBe(before + 1)
    expect(await server.names('203.0.113.11')).toEqual(['hilang.contoh.id'])
  })
  it('a change that was answered with a fault and did not happen is an unknown outcome', async () => {
    server.fail(500)
    expect(await kindOf(set('203.0.113.12', 'x.contoh.id'))).toBe('unknown_outcome')
    expect(await server.names('203.0.113.12')).toEqual([])
  })
  it('a record that the server refuses is permanent, with its reason', async () => {
    expect(await failureOf(set('203.0.113.13', 'bukan nama'))).toMatchObject({ kind: 'permanent', message: expect.stringMatching(/status 422/) as string })
  })
  it('a key that is not accepted asks for a person, and stands in no message', async () => {
    const failure = await failureOf(set('203.0.113.14', 'x.contoh.id', { apiKey: 'kunci-yang-salah' }))
    expect(failure).toMatchObject({ kind: 'action_required', who: 'sysadmin' })
    expect(failure.message).not.toContain('kunci-yang-salah')
  })
  it('no zone, another server\'s copy and an unknown server each ask for a person by name', async () => {
    expect(await failureOf(set('192.0.2.5', 'x.contoh.id'))).toMatchObject({ kind: 'action_required', message: expect.stringContaining('5.2.0.192.in-addr.arpa.') as string })
    expect(await failureOf(set('198.51.100.5', 'x.contoh.id'))).toMatchObject({ kind: 'action_required', message: expect.stringContaining('copy') as string })
    expect(await kindOf(set('203.0.113.15', 'x.contoh.id', { serverId: 'lain' }))).toBe('action_required')
  })
  it('a server that is not there is retryable', async () => {
    server.fail('down')
    expect(await kindOf(set('203.0.113.16', 'x.contoh.id'))).toBe('retryable')
  })
  it('the test names the reverse zones that may be written, and no other', async () => {
    const steps = await stepsOf()
    expect(steps.map(({ step, ok }) => [step, ok])).toEqual([['dns', true], ['tcp', true], ['tls', true], ['auth', true], ['zones', true]])
    const { detail } = steps.at(-1) ?? { detail: '' }
    expect(detail).toContain('113.0.203.in-addr.arpa.')
    expect(detail).not.toMatch(/contoh|100\.51\.198/)
    expect((await stepsOf({ apiKey: 'kunci-yang-salah' })).at(-1)).toMatchObject({ step: 'auth', ok: false })
  })
})

import { expect, it } from 'vitest'
import type { AccountRef } from '#server/infrastructure/panel-ports.ts'
import type { PanelBench } from './panel.bench.ts'

/** The sites of an account: certificates and months (`server/infrastructure/panel-web-ports.ts`). */
export function webCases(bench: () => PanelBench, made: () => Promise<{ ref: AccountRef }>, kindOf: (work: Promise<unknown>) => Promise<string>) {
  it('every domain of the account tells its certificate, the main one first; one without has none', async () => {
    const { ref } = await made()
    const until = new Date('2027-01-15T00:00:00Z')
    bench().addAddon('tokosari', 'sari.test')
    bench().certify('tokosari', 'toko-sari.test', { issuer: 'Let\'s Encrypt', validUntil: until, selfSigned: false })
    expect(await bench().driver.certificates(ref)).toEqual({ checking: false, domains: [
      { domain: 'toko-sari.test', issuer: 'Let\'s Encrypt', validUntil: until, selfSigned: false, problem: null }, { domain: 'sari.test', issuer: null, validUntil: null, selfSigned: false, problem: null },
    ] })
  })
  it('a check renews what the panel can, and says of the others what is in the way', async () => {
    const { ref } = await made()
    bench().addAddon('tokosari', 'sari.test')
    bench().certify('tokosari', 'sari.test', { issuer: 'sari.test', validUntil: new Date('2027-01-15T00:00:00Z'), selfSigned: true })
    bench().failRenewal('tokosari', 'sari.test', 'sari.test does not resolve to this server.')
    await bench().driver.checkCertificates(ref)
    const { domains } = await bench().driver.certificates(ref)
    expect(domains).toMatchObject([{ domain: 'toko-sari.test', selfSigned: false, problem: null }, { domain: 'sari.test', selfSigned: true, problem: 'sari.test does not resolve to this server.' }])
    expect(domains?.[0]?.validUntil?.getTime()).toBeGreaterThan(Date.now())
  })
  it('what the token may not see of the sites is unknown, not an account without certificates', async () => {
    const { ref } = await made()
    bench().hideWeb()
    expect(await bench().driver.certificates(ref)).toEqual({ domains: null, checking: false })
    expect(await kindOf(bench().driver.checkCertificates(ref))).toBe('action_required')
  })
  it('months come in the order asked for, empty ones as nothing', async () => {
    const { ref } = await made()
    bench().setTraffic('tokosari', { '2026-10': 1_000, '2026-11': 3_000 })
    expect(await bench().driver.trafficByMonth(ref, [{ year: 2026, month: 9 }, { year: 2026, month: 10 }, { year: 2026, month: 11 }])).toEqual([0, 1_000, 3_000])
  })
  it('a suspended account has its certificates left as they are', async () => {
    const { ref } = await made()
    await bench().driver.suspend(ref, 'nonpayment')
    const before = bench().snapshot('tokosari')
    expect(await kindOf(bench().driver.checkCertificates(ref))).toBe('permanent')
    expect(bench().snapshot('tokosari')).toBe(before)
  })
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certificatesOf, covers } from '#server/drivers/panel/whm/web.ts'
import { certificateState, lastMonths } from '#server/provisioning/hosting-web.ts'

const now = new Date('2026-11-29T00:00:00Z')
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000)

describe('what a certificate is worth', () => {
  it.each([
    [null, false, 'none'], [inDays(90), false, 'valid'], [inDays(14), false, 'valid'], [inDays(13), false, 'expiring'], [inDays(0), false, 'expired'], [inDays(-1), true, 'expired'], [inDays(300), true, 'self_signed'],
  ] as const)('until %s, signed by itself %s: %s', (validUntil, selfSigned, state) => {
    expect(certificateState({ validUntil, selfSigned }, now)).toBe(state)
  })
})

describe('the months of a year', () => {
  it('end with this one, follow each other, and are so many', () => {
    fc.assert(fc.property(fc.integer({ min: 2000, max: 2100 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 24 }), (year, month, count) => {
      const months = lastMonths({ year, month }, count)
      expect(months.at(-1)).toEqual({ year, month })
      expect(months.every((each, i) => i === 0 || each.year * 12 + each.month === (months[i - 1]?.year ?? 0) * 12 + (months[i - 1]?.month ?? 0) + 1)).toBe(true)
      expect(months.every(each => each.month >= 1 && each.month <= 12) && months.length === count).toBe(true)
    }))
  })
})

describe('which certificate a domain answers with', () => {
  const host = (domains: string[], notAfter: number, selfSigned = false) => ({ domains: ['a.test', 'b.test', 'www.a.test'], certificate: { domains, 'is_self_signed': selfSigned, 'issuer.commonName': 'R3', 'issuer.organizationName': null, 'not_after': notAfter } })
  it('a wildcard covers one label and no more', () => {
    expect([covers('*.a.test', 'www.a.test'), covers('*.a.test', 'a.test'), covers('*.a.test', 'x.www.a.test'), covers('a.test', 'a.test')]).toEqual([true, false, false, true])
  })
  it('one that names another domain is none of its own; a trusted one goes before a longer one that nobody vouches for', () => {
    const found = certificatesOf(['a.test', 'b.test', 'www.a.test'], [host(['a.test'], 9_000, true), host(['a.test'], 5_000), host(['*.a.test'], 7_000)], [{ domain: 'b.test', problem: 'no\n  DNS' }])
    expect(found.map(({ domain, validUntil, problem }) => [domain, validUntil && validUntil.getTime() / 1000, problem])).toEqual([['a.test', 5_000, null], ['b.test', null, 'no DNS'], ['www.a.test', 7_000, null]])
  })
})

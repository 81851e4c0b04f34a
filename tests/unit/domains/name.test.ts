import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { candidatesFor } from '#server/domains/name.ts'
import type { Tld } from '#server/domains/ports.ts'
import { domainNames } from '#server/platform/domain-names.ts'
import { money } from '#shared/money/money.ts'

const tlds: Tld[] = ['com', 'id', 'co.id', 'net'].map(suffix => ({ suffix, register: money(100_000), renew: money(120_000), requirement: null }))
const of = (text: string) => candidatesFor(text, tlds, domainNames)
const reason = (text: string) => of(text)[0]?.refusal?.reason

describe('what a visitor typed', () => {
  it('a bare label is looked up under every suffix on sale, in the order of the price list', () => {
    expect(of('Contoh').map(c => c.name)).toEqual(['contoh.com', 'contoh.id', 'contoh.co.id', 'contoh.net'])
  })
  it.each(['contoh.co.id', 'https://www.contoh.co.id/halaman?x=1', 'WWW.CONTOH.CO.ID.', 'toko.contoh.co.id', 'contoh.co.id:8080'])('%s puts the exact name first and asks for it once', (text) => {
    expect(of(text).map(c => c.name)).toEqual(['contoh.co.id', 'contoh.com', 'contoh.id', 'contoh.net'])
  })
  it.each([['', 'empty'], ['   ', 'empty'], ['toko kue', 'bad_characters'], ['toko_kue', 'bad_characters'], ['-toko', 'hyphen'], ['toko-.com', 'hyphen'], ['ab--cd', 'hyphen'], ['a'.repeat(64), 'too_long'], ['co.id', 'label_missing'], ['com', 'label_missing'], ['contoh.tidakada', 'no_suffix']])('%j is refused with the reason %s and looked up nowhere', (text, why) => {
    expect(reason(text)).toBe(why)
    expect(of(text)).toHaveLength(1)
  })
  it('an internationalised name is asked for in ASCII, and not at all under .id', () => {
    const found = of('kafé')
    expect(found.map(c => [c.name, c.refusal?.reason ?? null])).toEqual([['xn--kaf-dma.com', null], ['xn--kaf-dma.id', 'idn_not_supported'], ['xn--kaf-dma.co.id', 'idn_not_supported'], ['xn--kaf-dma.net', null]])
  })
  it('two to four letters directly under .id are not offered as an ordinary name', () => {
    expect(of('toko.id')[0]?.refusal).toEqual({ availability: 'unsupported', reason: 'premium_length' })
  })
  it('a suffix that exists but is not on sale is said to be so, and the others are still asked', () => {
    const found = of('contoh.ac.id')
    expect(found[0]).toMatchObject({ name: 'contoh.ac.id', refusal: { availability: 'unsupported', reason: 'suffix_not_sold' } })
    expect(found).toHaveLength(1 + tlds.length)
  })
  it('whatever is typed, a name that is asked for is well formed and under a suffix on sale', () => {
    fc.assert(fc.property(fc.string({ maxLength: 80, unit: 'grapheme' }), (text) => {
      for (const found of of(text).filter(c => !c.refusal)) expect(found.name).toMatch(/^(?!-)[a-z0-9-]{1,63}(?<!-)\.(com|id|co\.id|net)$/)
    }), { numRuns: 500 })
  })
})

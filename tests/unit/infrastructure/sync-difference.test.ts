import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareOffers, differenceText } from '#server/infrastructure/sync-difference.ts'
import type { KnownOffer, SeenOffer } from '#server/infrastructure/sync-difference.ts'

const key: fc.Arbitrary<string> = fc.constantFrom('9000', '9001', '9002', '9003', '9004')
const fields = fc.record({ node: fc.constantFrom('a', 'b'), diskGiB: fc.option(fc.integer({ min: 1, max: 3 })) })
const offers = fc.uniqueArray(fc.record({ key, name: fc.string({ maxLength: 5 }), fields }), { selector: offer => offer.key })
const known = (list: readonly SeenOffer[]): KnownOffer[] => list.map(offer => ({ ...offer, id: `id-${offer.key}` }))
const sure = () => false

describe('what is different between what is known and what is offered', () => {
  it('names each offer once: new, changed, unchanged, vanished or not to be told', () => {
    fc.assert(fc.property(offers, offers, fc.array(key), (before, now, dark) => {
      const found = compareOffers(known(before), now, offer => dark.includes(offer.key))
      expect(found.added.length + found.changed.length + found.unchanged).toBe(now.length)
      expect(found.vanished.length + found.unsure.length + found.changed.length + found.unchanged).toBe(before.length)
      expect(found.unsure.every(offer => dark.includes(offer.key))).toBe(true)
    }))
  })
  it('once it is stored, nothing is different', () => {
    fc.assert(fc.property(offers, (now) => {
      expect(compareOffers(known(now), now, sure)).toMatchObject({ added: [], changed: [], vanished: [], unsure: [], unchanged: now.length })
    }))
  })
  it('is the same text for the same difference, in whatever order it is told, and another one for another', () => {
    fc.assert(fc.property(offers, offers, offers, (before, now, other) => {
      const text = (list: readonly SeenOffer[]) => differenceText(compareOffers(known(before), list, sure))
      expect(text(now.toReversed())).toBe(text(now))
      const normal = (list: readonly SeenOffer[]) => JSON.stringify(list.map(offer => [offer.key, offer.fields.node, offer.fields.diskGiB]).sort())
      if (normal(now) !== normal(other)) expect(text(now)).not.toBe(text(other))
    }))
  })
})

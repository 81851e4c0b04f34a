import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { nameByTemplate, reverseNameOf, toHostName, zonesFor } from '#shared/dns/reverse-dns.ts'

const v6 = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
describe('names of addresses', () => {
  it('IPv4 stands backwards below in-addr.arpa', () => {
    expect(reverseNameOf('203.0.113.7')).toBe('7.113.0.203.in-addr.arpa.')
    expect(zonesFor('203.0.113.7')).toEqual(['7.113.0.203.in-addr.arpa.', '113.0.203.in-addr.arpa.', '0.203.in-addr.arpa.', '203.in-addr.arpa.'])
    fc.assert(fc.property(fc.ipV4(), address => reverseNameOf(address).replace('.in-addr.arpa.', '').split('.').reverse().join('.') === address))
  })
  it('IPv6, however it is written, stands digit by digit backwards below ip6.arpa', () => {
    expect(reverseNameOf('2001:db8::567:89ab')).toBe('b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.')
    expect(reverseNameOf('::ffff:203.0.113.7')).toBe(reverseNameOf('::ffff:cb00:7107'))
    fc.assert(fc.property(v6, (parts) => {
      const address = new ipaddr.IPv6(parts)
      const expected = `${[...parts.map(part => part.toString(16).padStart(4, '0')).join('')].reverse().join('.')}.ip6.arpa.`
      expect([reverseNameOf(address.toString()), reverseNameOf(parts.map(part => part.toString(16).padStart(4, '0')).join(':')), reverseNameOf(address.toNormalizedString())]).toEqual([expected, expected, expected])
    }))
  })
  it('a host name is lower case without its closing dot, in punycode, and stays what it is', () => {
    expect(toHostName(' Mail.Contoh.ID. ')).toBe('mail.contoh.id')
    expect(toHostName('bücher.contoh.id')).toBe('xn--bcher-kva.contoh.id')
    fc.assert(fc.property(fc.domain(), (name) => {
      const found = toHostName(name)
      expect(found === null ? null : toHostName(found)).toBe(found)
    }))
  })
  it.each(['contoh', '', '.', 'a_b.contoh.id', '-a.contoh.id', 'a-.contoh.id', 'a..id', '203.0.113.7', 'a.b/c', 'ü b.id', 'é@x.id', `${'a'.repeat(64)}.id`, `${'abcdefgh.'.repeat(28)}contoh`, 'a.id..'])('%s is no host name', (name) => {
    expect(toHostName(name)).toBeNull()
  })
  it('a template gives each address a name of its own, or none at all', () => {
    expect(nameByTemplate('{address-dashed}.contoh.id', '203.0.113.7')).toBe('203-0-113-7.contoh.id')
    expect(nameByTemplate('{address-dashed}.contoh.id', '2001:db8::1')).toBe('2001-0db8-0000-0000-0000-0000-0000-0001.contoh.id')
    for (const template of ['tetap.contoh.id', '{address-dashed}', '{address-dashed}{address-dashed}.id', '{address-dashed}_.contoh.id']) expect(nameByTemplate(template, '203.0.113.7')).toBeNull()
    fc.assert(fc.property(fc.ipV4(), fc.ipV4(), (a, b) => a === b || nameByTemplate('{address-dashed}.contoh.id', a) !== nameByTemplate('{address-dashed}.contoh.id', b)))
  })
})

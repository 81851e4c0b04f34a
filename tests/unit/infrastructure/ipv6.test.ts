import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressAt, checkIpv6Pool, firstPlace, gatewayPlace, listedAddress6, placeOf, placesOf, toMachineIpv6 } from '#server/infrastructure/ipv6-range.ts'
import { canonical6, isLinkLocal6, networkOf6, toAddress6, toNumber6 } from '#shared/network/ipv6.ts'

const anyAddress = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const shapes = fc.oneof(fc.record({ prefixLength: fc.integer({ min: 16, max: 63 }), machineLength: fc.constant(64 as const) }), fc.record({ prefixLength: fc.integer({ min: 16, max: 119 }), machineLength: fc.constant(128 as const) }))
const pool = fc.tuple(fc.bigInt({ min: 2n ** 125n, max: 2n ** 126n - 1n }), shapes).map(([value, shape]) => ({ ...shape, prefix: toAddress6(networkOf6(value, shape.prefixLength)), gateway: 'fe80::1' }))

describe('IPv6 addresses', () => {
  it('an address keeps its number through its text, and every number has one text', () => {
    fc.assert(fc.property(anyAddress, (value) => {
      const text = toAddress6(value)
      expect(isIPv6(text)).toBe(true)
      expect(toNumber6(text)).toBe(value)
      expect(canonical6(text.toUpperCase())).toBe(text)
    }))
  })
  it.each([['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'], ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'], ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], ['::', '::'], ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'], ['::ffff:203.0.113.7', '::ffff:cb00:7107']])('%s is written %s', (typed, text) => {
    expect(canonical6(typed)).toBe(text)
  })
  it('link-local is fe80::/10 and nothing else', () => {
    expect(['fe80::1', 'febf::1', 'fec0::1', 'fe7f::1', '2001:db8::1'].map(isLinkLocal6)).toEqual([true, true, false, false, false])
  })
})

describe('IPv6 pools', () => {
  it('every place has an address of its own inside the prefix, and networks of two places never meet', () => {
    fc.assert(fc.property(pool, fc.nat(), fc.nat(), (made, a, b) => {
      const [one, two] = [a, b].map(n => firstPlace(made) + n % (placesOf(made) - firstPlace(made)))
      const [first, second] = [one, two].map(place => addressAt(made, place ?? 0))
      if (first === undefined || second === undefined) throw new Error('no address')
      expect(networkOf6(toNumber6(first), made.prefixLength)).toBe(toNumber6(made.prefix))
      expect(networkOf6(toNumber6(first), made.machineLength) === networkOf6(toNumber6(second), made.machineLength)).toBe(one === two)
      expect(toNumber6(first) === toNumber6(made.prefix)).toBe(false)
    }))
  })
  it('a machine may send from its own network, or from its address alone where the network is shared', () => {
    expect(toMachineIpv6({ address: '2001:db8:10:5::1', prefixLength: 48, machineLength: 64, gateway: 'fe80::1' })).toEqual({ address: '2001:db8:10:5::1', length: 64, gateway: 'fe80::1', sender: '2001:db8:10:5::/64' })
    expect(toMachineIpv6({ address: '2001:db8:10::100', prefixLength: 64, machineLength: 128, gateway: '2001:db8:10::1' })).toEqual({ address: '2001:db8:10::100', length: 64, gateway: '2001:db8:10::1', sender: '2001:db8:10::100' })
  })
  it('the first machine of a shared network stands behind the routers\', and the gateway is nobody\'s', () => {
    const shared = { prefix: '2001:db8:10::', prefixLength: 64, machineLength: 128 as const, gateway: '2001:db8:10::101' }
    expect([firstPlace(shared), addressAt(shared, firstPlace(shared)), gatewayPlace(shared)]).toEqual([256, '2001:db8:10::100', 257])
    expect([gatewayPlace({ ...shared, gateway: 'fe80::1' }), gatewayPlace({ ...shared, gateway: '2001:db8:11::1' })]).toEqual([null, null])
  })
  const good = { prefix: '2001:db8:10::', prefixLength: 48, machineLength: 64 as const, gateway: 'fe80::1' }
  const problem = (change: Partial<Parameters<typeof checkIpv6Pool>[0]>) => {
    try {
      checkIpv6Pool({ ...good, ...change })
      return null
    } catch (error) {
      return (error as { fields: { path: string, code: string }[] }).fields.map(({ path, code }) => `${path}:${code}`).join()
    }
  }
  it('only what can be routed is taken', () => {
    expect(problem({})).toBeNull()
    expect(problem({ prefix: 'fd00:1::' })).toBeNull()
    expect(problem({ machineLength: 128, prefixLength: 64, gateway: '2001:db8:10::1' })).toBeNull()
    expect(problem({ prefix: 'fe80::' })).toBe('prefix:prefix_not_global')
    expect(problem({ prefix: '::' })).toBe('prefix:prefix_not_global')
    expect(problem({ prefix: '2001:db8:10::1' })).toBe('prefix:prefix_boundary')
    expect(problem({ prefixLength: 64 })).toBe('prefixLength:prefix_too_small')
    expect(problem({ machineLength: 128, prefixLength: 120 })).toBe('prefixLength:prefix_too_small')
    expect(problem({ gateway: '2001:db8:10::1' })).toBe('gateway:gateway_link_local')
    expect(problem({ machineLength: 128, prefixLength: 64, gateway: '2001:db8:11::1' })).toBe('gateway:gateway_outside_prefix')
  })
  it('each place is found by its machine\'s address, as a list writes it, and by no other address', () => {
    fc.assert(fc.property(pool, fc.integer({ min: 0, max: 400 }), (given, at) => {
      const place = firstPlace(given) + at % Math.max(1, placesOf(given) - firstPlace(given))
      const address = addressAt(given, place)
      expect(placeOf(given, address)).toBe(place)
      expect(listedAddress6(given, `${address.toUpperCase()}/${given.machineLength}`)).toBe(address)
      if (given.machineLength === 64) expect(placeOf(given, toAddress6(toNumber6(address) + 1n))).toBeNull()
      expect(placeOf({ ...given, gateway: address }, address)).toBeNull()
      expect(placeOf(given, addressAt(given, 0))).toBeNull()
    }))
  })
  it.each(['', '203.0.113.7', '2001:db8', '2001::db8::1', '2001:db8:0:0:0:0:0:0:1', 'g::1', '2001:db8::12345', ':1'])('a list cannot name %s', (typed) => {
    expect(listedAddress6({ machineLength: 64 }, typed)).toBeNull()
  })
})

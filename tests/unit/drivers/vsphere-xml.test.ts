import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elementOrder } from '#server/drivers/hypervisor/vsphere/types.ts'
import type { SentType } from '#server/drivers/hypervisor/vsphere/types.ts'
import { build, change, childOf, list, mor, one, parseXml, plain, print, string } from '#server/drivers/hypervisor/vsphere/xml.ts'
import { z } from 'zod'

const types = Object.keys(elementOrder) as SentType[]
const names = (type: SentType): readonly string[] => elementOrder[type]

describe('vim25 on the wire', () => {
  it('elements leave in the order of the schema, in whatever order they were given', () => {
    fc.assert(fc.property(fc.constantFrom(...types).chain(type => fc.tuple(fc.constant(type), fc.shuffledSubarray([...names(type)]))), ([type, given]) => {
      const made = build(type, Object.fromEntries(given.map(name => [name, `${name} of ${type}`])))
      expect(made.children.map(child => child.name)).toEqual(names(type).filter(name => given.includes(name)))
    }))
  })
  it('an element that the type has not is never sent', () => {
    expect(() => build('OptionValue', { key: 'a', values: 'b' })).toThrow(RangeError)
  })
  it('an element that is added to a device stands where the schema has it', () => {
    const disk = parseXml('<device xsi:type="VirtualDisk"><key>2000</key><deviceInfo><label>Hard disk 1</label></deviceInfo><controllerKey>1000</controllerKey><unitNumber>0</unitNumber><capacityInKB>1024</capacityInKB><shares><shares>1000</shares></shares></device>')
    expect(change(disk, 'VirtualDisk', { capacityInBytes: 2_097_152, capacityInKB: 2048 }).children.map(child => [child.name, child.text])).toEqual([['key', '2000'], ['deviceInfo', ''], ['controllerKey', '1000'], ['unitNumber', '0'], ['capacityInKB', '2048'], ['capacityInBytes', '2097152'], ['shares', '']])
  })
  it('any text arrives as it left, markup and line breaks included, and cannot add an element', () => {
    // eslint-disable-next-line no-control-regex -- what XML cannot carry is left out on purpose
    const carried = fc.string({ unit: 'grapheme' }).map(text => text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, ''))
    fc.assert(fc.property(carried, (text) => {
      const read = parseXml(print(build('OptionValue', { key: 'k', value: string(text) })))
      expect(read.children.map(child => child.name)).toEqual(['key', 'value'])
      expect(childOf(read, 'value')).toMatchObject({ text, xsiType: 'string' })
    }))
  })
  it('a device read and sent back is the same, types and all', () => {
    const text = '<device xsi:type="VirtualVmxnet3"><key>4000</key><backing xsi:type="VirtualEthernetCardNetworkBackingInfo"><deviceName>VM Network</deviceName><network type="Network">network-7</network></backing><macAddress>00:50:56:aa:bb:cc</macAddress></device>'
    expect(print(parseXml(text))).toBe(text)
  })
  it('prefixes of any server are understood, and the id of an object is never looked into', () => {
    const read = parseXml('<s:obj xmlns:s="urn:vim25" xmlns:q="x" type="VirtualMachine" q:type="s:ManagedObjectReference">/tmp/a &amp; b@vm-1</s:obj>')
    expect(read).toMatchObject({ name: 'obj', xsiType: 'ManagedObjectReference', mor: 'VirtualMachine', text: '/tmp/a & b@vm-1' })
  })
  it('one, none and many of an element are told apart by the schema, not by the answer', () => {
    const schema = list('ManagedObjectReference', mor)
    const read = (inside: string) => schema.parse(plain(parseXml(`<val>${inside}</val>`)))
    const entry = (id: string) => `<ManagedObjectReference type="Network">${id}</ManagedObjectReference>`
    expect([read(''), read(entry('a')), read(entry('a') + entry('b'))].map(found => found.length)).toEqual([0, 1, 2])
    expect(z.object({ name: one(z.string()) }).safeParse(plain(parseXml('<v><name>a</name><name>b</name></v>'))).success).toBe(false)
  })
  it('a document type, and with it any entity of the sender\'s own, is refused', () => {
    expect(() => parseXml('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')).toThrow(SyntaxError)
    expect(parseXml('<a>&b; &#x41;&#66;</a>').text).toBe('&b; AB')
  })
})

// The vendor's description is not ours to ship.
const described = process.env.GARDU_TEST_VIM25
if (described && existsSync(described)) {
  const order = (JSON.parse(readFileSync(described, 'utf8')) as { order: Record<string, { n: string }[]> }).order
  describe('vim25 types against the vendor\'s description', () => {
    it.each(types.filter(type => order[type]))('%s: our elements are the schema\'s, in its order', (type: SentType) => {
      const schema = (order[type] ?? []).map(({ n }) => n)
      expect(schema.filter(name => names(type).includes(name))).toEqual([...names(type)])
    })
    it('all but one are described; that one was read in govmomi\'s own source', () => {
      expect(types.filter(type => !order[type])).toEqual(['HasPrivilegeOnEntitiesRequestType'])
    })
  })
}

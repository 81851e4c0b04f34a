import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reinstallObstacle } from '#server/provisioning/reinstall-machine.ts'

const gib = 2 ** 30
const template = (ref: string, diskGiB: number, local = false) => ({ node: 'n2', ref, name: ref, osFamily: 'debian', username: 'debian', diskGiB, nodes: local ? ['n2'] : [], machineType: 'vm' as const })
const node = (name: string, storageFree: number) => ({ node: name, memoryTotal: 0, memoryFree: 0, storageFree, cpuCores: 1, storageKey: name })

describe('whether a machine can be made anew', () => {
  it('only if the template is there and reaches the machine\'s node, is not larger than what was sold, and its disk fits on the machine\'s own node', () => {
    fc.assert(fc.property(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('n1', 'n2', 'n3'), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 200 }), (ref, name, diskGiB, templateGiB, freeGiB) => {
      const obstacle = reinstallObstacle({ template: { ref }, node: name, diskGiB, remote: [template('a', templateGiB), template('b', templateGiB), template('d', templateGiB, true)], headroom: [node('n1', freeGiB * gib), node('n2', 0)] })
      const possible = ref !== 'c' && ref !== 'd' && templateGiB <= diskGiB && name === 'n1' && freeGiB >= templateGiB
      expect(obstacle === null).toBe(possible)
    }))
  })
  it('a template that several nodes have, each on storage of its own, serves the machines of these nodes and of no other', () => {
    const remote = [{ ...template('a', 1, true), nodes: ['n2', 'n3'] }]
    const of = (name: string) => reinstallObstacle({ template: { ref: 'a' }, node: name, diskGiB: 10, remote, headroom: ['n1', 'n2', 'n3'].map(one => node(one, 20 * gib)) })
    expect([of('n1'), of('n2'), of('n3')]).toEqual(['template_elsewhere', null, null])
  })
})

import { describe, expect, it } from 'vitest'
import type { HypervisorBench } from './hypervisor.bench.ts'

/** What every driver guarantees of the networks that machines can attach to. */
export function networkCases({ bench }: { readonly bench: () => HypervisorBench }): void {
  describe('networks', () => {
    it('each is told once, with the nodes that have it; the one that machines attach to is among them', async () => {
      const { driver, node } = bench()
      const { networks, unread } = await driver.listNetworks()
      expect(unread).toEqual([])
      expect(new Set(networks.map(({ name }) => name)).size).toBe(networks.length)
      expect(networks.find(({ name }) => name === bench().network)?.nodes).toContain(node)
      expect(networks.map(({ name }) => name)).toEqual(networks.map(({ name }) => name).sort())
    })
    it('of a node that is off nothing is said', async () => {
      const { driver, node, otherNode, nodeOffline } = bench()
      // A host that stands alone has no other.
      const off = otherNode || node
      nodeOffline(off)
      const { networks, unread } = await driver.listNetworks()
      expect(unread).toContain(off)
      expect(networks.some(({ nodes }) => nodes.includes(off))).toBe(false)
    })
  })
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withUnread } from '#server/infrastructure/sync-networks.ts'
import { poolNetworkProblems } from '#shared/network/pool-network.ts'

const network = (change: object = {}) => ({ name: 'vmbr1', present: true, takesTags: true, vlanTag: null, nodes: ['a', 'b'], ...change })
const wanted = (change: object = {}) => ({ vlanTag: null, nodes: [], allNodes: ['a', 'b'], ...change })

describe('a pool and the network of its cards', () => {
  it('what was never told and what vanished are two things; where it is there on every node, nothing is wrong', () => {
    expect(poolNetworkProblems(wanted(), null).problems).toEqual(['not_seen'])
    expect(poolNetworkProblems(wanted({ vlanTag: 7 }), network({ present: false, nodes: [] })).problems).toEqual(['vanished'])
    expect(poolNetworkProblems(wanted({ vlanTag: 7 }), network())).toEqual({ problems: [], missingOn: [] })
  })
  it('a tag fits neither where cards choose none nor where the network is in a VLAN of its own; what is not told is not held against it', () => {
    expect(poolNetworkProblems(wanted({ vlanTag: 7 }), network({ takesTags: false, vlanTag: 40 })).problems).toEqual(['no_tags', 'own_vlan'])
    expect(poolNetworkProblems(wanted({ vlanTag: 7 }), network({ takesTags: null })).problems).toEqual([])
    expect(poolNetworkProblems(wanted(), network({ takesTags: false, vlanTag: 40 })).problems).toEqual([])
  })
  it('missing are exactly the nodes that the pool serves and the network has not', () => {
    const nodes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
    fc.assert(fc.property(nodes, nodes, nodes, (served, all, there) => {
      const { problems, missingOn } = poolNetworkProblems(wanted({ nodes: served, allNodes: all }), network({ nodes: there }))
      const asked = served.length > 0 ? served : all
      expect(new Set(missingOn)).toEqual(new Set(asked.filter(node => !there.includes(node))))
      expect(problems.includes('not_on_nodes')).toBe(missingOn.length > 0)
    }))
  })
  it('of nodes that did not tell theirs what was known stays, of the others it goes', () => {
    const remote = { kind: 'bridge' as const, takesTags: true, vlanTag: null }
    expect(withUnread({ networks: [{ ...remote, name: 'vmbr0', nodes: ['a'] }], unread: ['c'] }, [{ name: 'vmbr0', nodes: ['a', 'b', 'c'] }])[0]?.nodes).toEqual(['a', 'c'])
  })
})

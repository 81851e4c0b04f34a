import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moveRefusal } from '#server/provisioning/move.ts'
import { moveDifference } from '#server/provisioning/move-machine.ts'
import { serviceStatuses } from '#shared/vocabulary/billing.ts'
import { resourceStatuses } from '#shared/vocabulary/machines.ts'

const address = { ipv4: '10.0.0.1', prefixLength: 24, gateway: '10.0.0.254', nameservers: [], nodes: [], connectionId: 'c' }
const seen = fc.record({ node: fc.constantFrom('a', 'b'), power: fc.constantFrom('running' as const, 'stopped' as const), networkUp: fc.boolean(), filteredAddresses: fc.constantFrom(null, ['10.0.0.1'], ['10.0.0.1', '10.0.0.2']) })
const want = fc.record({ to: fc.constantFrom(null, 'b'), running: fc.boolean(), cold: fc.boolean(), filters: fc.boolean() })

describe('a move', () => {
  it('is done only where it was wanted, running if it ran before, and filtered if it was started', () => {
    fc.assert(fc.property(seen, want, (machine, wish) => {
      const wrong = moveDifference(machine, { ...wish, address })
      const there = wish.to === null || machine.node === wish.to
      const runs = !wish.running || machine.power === 'running'
      const filtered = !(wish.running && wish.cold && wish.filters) || machine.filteredAddresses?.join() === '10.0.0.1'
      expect(wrong === null).toBe(there && runs && filtered)
      // Who is not there goes back to the move before anything is started.
      if (!there) expect(wrong?.back).toBe('migrate')
    }))
  })
  it('begins only with a machine at rest: one that runs for its service, or one that is off because it is suspended', () => {
    fc.assert(fc.property(fc.constantFrom(...serviceStatuses), fc.constantFrom(...resourceStatuses), fc.constantFrom('vps', 'hosting', 'work'), fc.constantFrom(null, 'power' as const), (status, resourceStatus, productKind, openSaga) => {
      const refusal = moveRefusal({ status, resourceStatus, productKind, openSaga })
      const fits = productKind === 'vps' && ((resourceStatus === 'ready' && (status === 'active' || status === 'past_due')) || (resourceStatus === 'stopped_by_policy' && status === 'suspended'))
      expect(refusal).toBe(!fits ? 'service_not_ready' : openSaga === null ? null : 'action_in_progress')
    }))
  })
})

import type { ResourceStatus } from '#shared/vocabulary/machines.ts'
import type { MachineState, ObservedMachine } from '../infrastructure/ports.ts'
import type { Drift, ExpectedMachine, MarkOwner } from './drift-ports.ts'
import { sizeDifferences } from './provision-service.ts'

/** What no living service has. */
export const gone: readonly ResourceStatus[] = ['none', 'destroyed', 'unlinked']

/** What a list of machines says against the books. Pure; a list proves nothing, so each is looked at once more (`confirmed`). */
export function suspectDrift({ connectionId, expected, observed, owners }: { readonly connectionId: string, readonly expected: readonly ExpectedMachine[], readonly observed: readonly ObservedMachine[], readonly owners: ReadonlyMap<string, MarkOwner> }): Drift[] {
  const byMark = Map.groupBy(observed, machine => machine.ownershipMark)
  const strays = [...byMark].flatMap(([mark, machines]): Drift[] => {
    const owner = owners.get(mark)
    const [machine] = machines
    if (!machine || owner?.busy) return []
    const at = { serviceId: owner?.serviceId ?? null, node: machine.node, vmid: machine.vmid }
    const hostname: Drift['detail'] = owner ? { hostname: owner.hostname } : {}
    if (machines.length > 1) return [{ kind: 'copied_mark', key: mark, ...at, detail: { ...hostname, places: machines.map(each => `${each.vmid} (${each.node})`).sort().join(', ') } }]
    if (!owner || gone.includes(owner.status)) return [{ kind: 'orphan_machine', key: mark, ...at, detail: hostname }]
    if (owner.connectionId !== connectionId) return [{ kind: 'wrong_place', key: mark, ...at, detail: hostname }]
    if (owner.vmid !== null && owner.vmid !== machine.vmid) return [{ kind: 'renumbered', key: mark, ...at, detail: { ...hostname, expected: owner.vmid } }]
    return []
  })
  const own = expected.flatMap((machine): Drift[] => {
    if (machine.busy) return []
    const at = { key: machine.ownershipMark, serviceId: machine.serviceId, node: machine.node, vmid: machine.vmid }
    const found = byMark.get(machine.ownershipMark)
    if (!found) return [{ kind: 'missing_machine', ...at, detail: { hostname: machine.hostname } }]
    const [seen] = found
    if (!seen || found.length > 1 || seen.vmid !== machine.vmid) return []
    const here = { ...at, node: seen.node }
    if (machine.status === 'stopped_by_policy' && seen.power === 'running') return [{ kind: 'runs_although_suspended', ...here, detail: { hostname: machine.hostname } }]
    const wrong = sizesOf(machine, { ...seen, diskGiB: seen.diskGiB ?? machine.spec.diskGiB, rateMbps: null })
    return wrong === null ? [] : [{ kind: 'wrong_size', ...here, detail: { hostname: machine.hostname, sizes: wrong } }]
  })
  return [...strays, ...own]
}

function sizesOf(machine: ExpectedMachine, seen: Parameters<typeof sizeDifferences>[1]): string | null {
  if (machine.changed || machine.status !== 'ready') return null
  const wrong = sizeDifferences(machine.spec, seen)
  return wrong.length > 0 ? wrong.join(', ') : null
}

/** Kinds that another look at the machine itself has to bear out. */
export const needsLook = ({ kind }: Drift): boolean => kind === 'missing_machine' || kind === 'wrong_size' || kind === 'runs_although_suspended' || kind === 'renumbered'

/** What is left of a suspicion when the machine was looked at by itself; null: nothing. `seen` null: no machine carries the mark. Pure. */
export function confirmed(drift: Drift, machine: ExpectedMachine | null, seen: MachineState | null): Drift | null {
  if (drift.kind === 'missing_machine') {
    if (!seen) return drift
    if (seen.vmid !== drift.vmid) return { ...drift, kind: 'renumbered', node: seen.node, vmid: seen.vmid, detail: { ...drift.detail, ...(drift.vmid === null ? {} : { expected: drift.vmid }) } }
    return { ...drift, kind: 'untagged', node: seen.node }
  }
  if (!seen || seen.lock) return null
  if (drift.kind === 'renumbered') return seen.vmid === drift.vmid ? { ...drift, node: seen.node } : null
  if (drift.kind === 'runs_although_suspended') return seen.power === 'running' ? drift : null
  if (!machine) return null
  const sizes = sizesOf(machine, seen)
  return sizes === null ? null : { ...drift, detail: { ...drift.detail, sizes } }
}

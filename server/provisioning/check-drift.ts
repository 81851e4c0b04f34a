import { isPanel } from '#shared/vocabulary/machines.ts'
import type { ConnectionStore, HypervisorDriver, OpenHypervisor, OpenPanel } from '../infrastructure/ports.ts'
import type { Clock, Live, Log, Transact } from '../kernel/ports.ts'
import { lookAtPanel } from './check-account-drift.ts'
import { confirmed, needsLook, suspectDrift } from './drift.ts'
import { networkDrift, networkDrifts, portionOf } from './drift-network.ts'
import type { Drift, DriftStore, ExpectedMachine } from './drift-ports.ts'
import type { ProvisioningStores, ServiceControl } from './ports.ts'

export interface CheckDriftDeps {
  readonly connections: ConnectionStore, readonly drift: DriftStore, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly openPanel: OpenPanel, readonly serviceControl: Pick<ServiceControl, 'facts'>, readonly clock: Clock, readonly live: Live, readonly log: Log
  /** Fails when the work takes longer. */
  readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T>
}
const patience = 30_000
const atATime = 4
/** Suspicions that are looked into in one go; the next look takes the others. */
const most = 200
/** Machines whose card and firewall are looked at in one go: a round over a thousand takes ten hours. */
const networksAtOnce = 100

/**
 * Compares all hypervisors and control panels with the books and writes down where they disagree. Changes nothing on either side, but for what was never known: the hardware address of a card is written down when it is first seen. One that does not answer
 * is passed over: what was known of it stays as it was.
 */
export const checkDrift = (deps: CheckDriftDeps) => async (): Promise<void> => {
  for (const { id, kind, name } of await deps.connections.all()) {
    await (isPanel(kind) ? checkPanel : checkOne)(deps, id).catch((error: unknown) => deps.log.warn({ connection: name, problem: error instanceof Error ? error.message : String(error) }, 'a connection was not compared with the books'))
  }
  deps.live.publish({ audience: 'staff', name: 'connection', id: 'drift' })
}

async function checkOne(deps: CheckDriftDeps, connectionId: string): Promise<void> {
  const driver = await deps.openHypervisor(connectionId)
  const observed = await deps.within(patience, driver.listMarkedMachines())
  const expected = await deps.drift.expectedOn(connectionId)
  const suspected = suspectDrift({ connectionId, expected, observed, owners: await deps.drift.ownersOf([...new Set(observed.map(machine => machine.ownershipMark))]) })
  const [looked, unsure] = await lookInto(deps, driver, suspected, new Map(expected.map(machine => [machine.ownershipMark, machine])))
  const { drifts: networks, cards } = await lookAtNetworks(deps, connectionId, driver, expected.filter(({ ownershipMark }) => !looked.some(({ key }) => key === ownershipMark)), unsure)
  const at = deps.clock.now()
  const fresh = await deps.transact(async (stores) => {
    // What a machine is made with is written down by its saga: here only of those that are at rest, and were never looked at.
    // A saga that began meanwhile may be the cause of what was seen: only what is still at rest counts.
    const resting = new Set((await stores.drift.expectedOn(connectionId)).filter(machine => !machine.busy).map(machine => machine.ownershipMark))
    await stores.drift.noteCards(cards.filter(({ ownershipMark }) => resting.has(ownershipMark)))
    const owners = await stores.drift.ownersOf(looked.map(drift => drift.key))
    const holds = (drift: Drift) => drift.kind === 'orphan_machine' || drift.kind === 'copied_mark' || drift.kind === 'wrong_place' ? !owners.get(drift.key)?.busy : resting.has(drift.key)
    return stores.drift.record(connectionId, [...[...looked, ...networks].filter(holds), ...await stores.drift.leakedAddresses(connectionId)], unsure, at)
  })
  if (fresh > 0) deps.log.warn({ connection: connectionId, findings: fresh }, 'a hypervisor and the books disagree')
}

async function checkPanel(deps: CheckDriftDeps, connectionId: string): Promise<void> {
  const [looked, unsure] = await lookAtPanel(deps, connectionId)
  const at = deps.clock.now()
  const fresh = await deps.transact(async (stores) => {
    // As with machines: a saga that began meanwhile may be the cause of what was seen.
    const resting = new Set((await stores.drift.expectedAccountsOn(connectionId)).filter(account => !account.busy).map(account => account.ownershipMark))
    const births = await stores.drift.ownersOfBirths(connectionId, looked.filter(({ kind }) => kind === 'orphan_account').map(({ key }) => key))
    return stores.drift.record(connectionId, looked.filter(({ kind, key }) => kind === 'orphan_account' ? !births.get(key)?.busy : resting.has(key)), unsure, at)
  })
  if (fresh > 0) deps.log.warn({ connection: connectionId, findings: fresh }, 'a control panel and the books disagree')
}

/** What each suspicion is when its machine was looked at, and the marks of those that could not be looked at. */
async function lookInto({ within }: CheckDriftDeps, driver: HypervisorDriver, suspected: readonly Drift[], expected: ReadonlyMap<string, ExpectedMachine>): Promise<[Drift[], Set<string>]> {
  const found = suspected.filter(drift => !needsLook(drift))
  const waiting = suspected.filter(needsLook)
  const unsure = new Set(waiting.splice(most).map(drift => drift.key))
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (let drift = waiting.shift(); drift; drift = waiting.shift()) {
      try {
        const seen = await within(patience, driver.inspect({ ownershipMark: drift.key, node: drift.node, vmid: drift.vmid }))
        const left = confirmed(drift, expected.get(drift.key) ?? null, seen)
        if (left) found.push(left)
      } catch {
        unsure.add(drift.key)
      }
    }
  }))
  return [found, unsure]
}

/** The hardware address of a card that was never written down. */
interface SeenCard { readonly ownershipMark: string, readonly mac: string }
/** Card and firewall of a part of the machines that are else as they should be, and of those that were found wrong before: these can be right again. Adds to `unsure` what could not be looked at. */
async function lookAtNetworks({ drift, connections, serviceControl, clock, within }: CheckDriftDeps, connectionId: string, driver: HypervisorDriver, expected: readonly ExpectedMachine[], unsure: Set<string>): Promise<{ readonly drifts: readonly Drift[], readonly cards: readonly SeenCard[] }> {
  const bridge = (await connections.find(connectionId))?.bridge ?? null
  const open = await drift.openOf(connectionId, networkDrifts)
  const able = expected.filter(({ busy, changed, status }) => !busy && !changed && status === 'ready')
  const again = able.filter(({ ownershipMark }) => open.has(ownershipMark))
  for (const { ownershipMark } of again.splice(networksAtOnce)) unsure.add(ownershipMark)
  const waiting = [...new Set([...again, ...portionOf(able, clock.now(), networksAtOnce)])].filter(({ ownershipMark }) => !unsure.has(ownershipMark))
  const found: Drift[] = []
  const cards: SeenCard[] = []
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (let machine = waiting.shift(); machine; machine = waiting.shift()) {
      const { ownershipMark, serviceId, node, vmid } = machine
      try {
        const facts = await serviceControl.facts(serviceId)
        const seen = await within(patience, driver.inspect({ ownershipMark, node, vmid }))
        if (!facts || !seen) continue
        if (machine.mac === null && seen.mac) cards.push({ ownershipMark, mac: seen.mac })
        const firewall = driver.capabilities.firewall ? await within(patience, driver.readFirewall({ ownershipMark, node: seen.node, vmid: seen.vmid })) : null
        found.push(...networkDrift({ machine, facts, network: facts.address?.bridge ?? bridge, seen, firewall, filters: driver.capabilities.addressFilter }))
      } catch {
        unsure.add(ownershipMark)
      }
    }
  }))
  return { drifts: found, cards }
}

import type { z } from 'zod'
import type { firewallBody, firewallView } from '#shared/contracts/firewall.ts'
import { AppError } from '#shared/errors/codes.ts'
import { firewallDifference } from '../infrastructure/ports.ts'
import type { OpenHypervisor, SeenFirewall } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { FirewallRecord } from './firewall-ports.ts'
import { askMachine, machineIn } from './machine-reading.ts'
import { openAct } from './open-saga.ts'
import type { MachineFacts, ProvisioningStores } from './ports.ts'
import { allowedActions } from './service-view.ts'

export interface FirewallDeps { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'servicePages' | 'firewalls'>, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor }
export type FirewallView = z.input<typeof firewallView>
interface Asked { readonly id: string, /** Null: staff. */ readonly clientId: string | null }

async function factsOf({ read }: Pick<FirewallDeps, 'read'>, { id, clientId }: Asked): Promise<MachineFacts> {
  const facts = await read.serviceControl.facts(id)
  if (!facts || (clientId !== null && facts.clientId !== clientId)) throw new AppError('not_found')
  return facts
}

const askFirewall = (openHypervisor: OpenHypervisor, facts: MachineFacts) => {
  const there = machineIn(facts)
  return there && askMachine(openHypervisor, there.connectionId, async (driver) => {
    if (!driver.capabilities.firewall) return null
    const [seen, applies] = await Promise.all([driver.readFirewall(there.machine), driver.filtersApply()])
    return { seen, applies }
  })
}

type Told = { readonly seen: SeenFirewall, readonly applies: boolean | null }
/** What is wished. Before anything was, the rules of a machine are nobody's wish. */
const wished = (wish: FirewallRecord | null, clientId: string): Pick<FirewallView, 'version' | 'policyIn' | 'rules' | 'changedAt' | 'changedBy'> => wish
  ? { version: wish.version, policyIn: wish.policyIn, rules: wish.rules.map(rule => ({ ...rule, peers: [...rule.peers] })), changedAt: wish.changedAt.toISOString(), changedBy: wish.changedBy === `client:${clientId}` ? 'client' : 'staff' }
  : { version: 0, policyIn: 'accept', rules: [], changedAt: null, changedBy: null }

/** What the hypervisor told of it, if it did. */
const toldOf = (told: Told | null, wish: FirewallRecord | null, forStaff: boolean): Pick<FirewallView, 'applies' | 'state' | 'foreignCount' | 'foreign'> => told
  ? { applies: told.applies, state: wish === null || firewallDifference(wish, told.seen) === null ? 'in_force' : 'different', foreignCount: told.seen.foreign.length, foreign: forStaff ? [...told.seen.foreign] : [] }
  : { applies: null, state: 'unknown', foreignCount: 0, foreign: [] }

/** The wished rules of a service's machine, and whether its hypervisor has them now. Rules of others are told to staff; to clients, how many there are. @throws AppError not_found */
export const showFirewall = (deps: FirewallDeps) => async (asked: Asked): Promise<FirewallView> => {
  const facts = await factsOf(deps, asked)
  const [service, wish] = [await deps.read.servicePages.find(asked.id), await deps.read.firewalls.find(asked.id)]
  if (!service) throw new AppError('not_found')
  const found = await askFirewall(deps.openHypervisor, facts)
  const told = found?.answered ? found.value : null
  return { supported: !found?.answered || told !== null, readable: found === null || found.answered, refusal: allowedActions(service).refusal, ...wished(wish, facts.clientId), ...toldOf(told, wish, asked.clientId === null) }
}

/**
 * Keeps another list as the wish and begins the task that makes the machine's rules so. Said by staff, it is written to the audit log.
 * @throws AppError not_found, service_suspended, service_not_ready, action_in_progress, firewall_unsupported, firewall_changed, machine_unreachable
 */
export const saveFirewall = (deps: FirewallDeps) => async ({ body: { version, policyIn, rules }, actor, ...asked }: Asked & { readonly body: z.output<typeof firewallBody>, readonly actor: Actor }): Promise<void> => {
  const facts = await factsOf(deps, asked)
  if (facts.status === 'suspended') throw new AppError('service_suspended')
  const there = machineIn(facts)
  if (!there) throw new AppError('service_not_ready')
  const can = await askMachine(deps.openHypervisor, there.connectionId, async driver => driver.capabilities.firewall)
  if (!can.answered) throw new AppError('machine_unreachable')
  if (!can.value) throw new AppError('firewall_unsupported')
  await deps.transact(async (stores) => {
    // First: it locks the service, and so puts two who save at once one after the other.
    await openAct(stores, { kind: 'firewall', of: 'vps', action: null, serviceId: asked.id, actor: actorLabel(actor) })
    if (!await stores.firewalls.save(asked.id, version, { policyIn, rules }, actorLabel(actor))) throw new AppError('firewall_changed')
    if (asked.clientId === null) await stores.audit.record({ actor, action: 'service.firewall', entity: 'service', entityId: asked.id, after: { policyIn, rules: rules.length } })
  })
}

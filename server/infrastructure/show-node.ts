import { AppError } from '#shared/errors/codes.ts'
import type { MachineOrder } from '#shared/vocabulary/monitoring.ts'
import type { PageRequest } from '../kernel/ports.ts'
import { fullIn } from './forecast.ts'
import type { NodeMachineStore, NodeStore } from './ports.ts'
import type { StorageRecord, StorageStore } from './series-ports.ts'

export const storageView = ({ growthPerDay, growthDays, observedAt, ...storage }: StorageRecord) => {
  const { state, days } = fullIn({ growthPerDay, daysKnown: growthDays }, storage.used, storage.total)
  return { ...storage, observedAt: observedAt.toISOString(), forecast: { state, days, daysKnown: growthDays } }
}
/** Storages with their forecast, the fullest first. */
export const listStorages = ({ storages }: { readonly storages: StorageStore }) => async () => (await storages.list()).map(storageView)

/** One node as last observed, with the storages that it reaches. @throws AppError not_found */
export const showNode = ({ nodes, storages }: { readonly nodes: NodeStore, readonly storages: StorageStore }) => async ({ connectionId, node }: { readonly connectionId: string, readonly node: string }) => {
  const found = await nodes.find(connectionId, node)
  if (!found) throw new AppError('not_found')
  return { ...found, observedAt: found.observedAt.toISOString(), storages: (await storages.forNode(connectionId, node)).map(storageView) }
}

/** Our machines on a node as last observed, the hungriest first. */
export const listNodeMachines = ({ nodeMachines }: { readonly nodeMachines: NodeMachineStore }) => async (filter: PageRequest & { readonly connectionId: string, readonly node: string, readonly order: MachineOrder }) => {
  const page = await nodeMachines.list(filter)
  return { ...page, items: page.items.map(machine => ({ ...machine, observedAt: machine.observedAt?.toISOString() ?? null })) }
}

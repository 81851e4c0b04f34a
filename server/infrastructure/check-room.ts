import { AppError } from '#shared/errors/codes.ts'
import type { Log } from '../kernel/ports.ts'
import { reservedMemory, reservedStorage } from './placement.ts'
import type { NodeHeadroom, OpenHypervisor, RoomCheck } from './ports.ts'

interface Deps { readonly openHypervisor: OpenHypervisor, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 8_000
const mebi = 1_048_576
const gibi = 1_073_741_824

/** Whether a machine on this node may grow: what it grows by fits beside the reserve. What it does not grow by is not asked for. */
export const mayGrow = (node: NodeHeadroom, { cpuCores, ramMiB, diskGiB }: { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }): boolean =>
  node.cpuCores >= cpuCores && (ramMiB <= 0 || node.memoryFree - reservedMemory >= ramMiB * mebi) && (diskGiB <= 0 || node.storageFree - reservedStorage >= diskGiB * gibi)

/** Implements the port. */
export const checkRoom = ({ openHypervisor, log, within }: Deps): RoomCheck => async ({ connectionId, node, ...growth }) => {
  let nodes: NodeHeadroom[]
  try {
    nodes = await within(patience, openHypervisor(connectionId).then(driver => driver.listHeadroom()))
  } catch (error) {
    log.warn({ connection: connectionId, problem: error instanceof Error ? error.message : String(error) }, 'a hypervisor does not tell what it can carry')
    throw new AppError('capacity_unknown', { cause: error })
  }
  const own = nodes.find(candidate => candidate.node === node)
  if (!own) throw new AppError('capacity_unknown')
  if (!mayGrow(own, growth)) throw new AppError('out_of_stock')
}

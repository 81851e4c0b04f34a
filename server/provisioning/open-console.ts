import { DriverError } from '#shared/errors/driver-error.ts'
import type { ConsoleEnd } from '#shared/vocabulary/machines.ts'
import type { ConnectConsole, ConsoleLine, ConsoleTarget, OpenHypervisor } from '../infrastructure/ports.ts'
import type { Log, Transact } from '../kernel/ports.ts'
import { consoleEndOf } from './console-access.ts'
import type { ConsoleGrant } from './console-access.ts'
import type { ProvisioningStores } from './ports.ts'

interface Deps { readonly read: ProvisioningStores, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly connectConsole: ConnectConsole, readonly log: Log }
export type OpenedConsole = { readonly line: ConsoleLine } | { readonly end: ConsoleEnd }

/** Where the screen is, asked of the hypervisor itself; else why there is none. */
async function find({ read, openHypervisor }: Deps, serviceId: string): Promise<ConsoleTarget | ConsoleEnd> {
  const facts = await read.serviceControl.facts(serviceId)
  if (!facts) return 'ended'
  const { status, resource } = facts
  const end = consoleEndOf({ status, resourceStatus: resource?.status ?? 'none' })
  if (end) return end
  if (!resource || resource.connectionId === null || resource.vmid === null) return 'not_ready'
  const driver = await openHypervisor(resource.connectionId)
  if (!driver.capabilities.console) return 'unsupported'
  return await driver.openConsole({ node: resource.node ?? '', vmid: resource.vmid, ownershipMark: resource.ownershipMark }) ?? 'not_running'
}
const endOfFailure = (error: unknown): ConsoleEnd => error instanceof DriverError && error.kind !== 'retryable' && error.kind !== 'unknown_outcome' ? 'refused' : 'unavailable'

/**
 * The line to a machine's screen, for who holds a grant: the service is asked again, the machine proves that it is ours, and every console
 * that opens is written to the audit log. Never throws: the reason is for the one who waits, what the hypervisor said is for the log.
 */
export const openConsole = (deps: Deps) => async ({ serviceId, actor, staff }: ConsoleGrant): Promise<OpenedConsole> => {
  let line: ConsoleLine | null = null
  try {
    const target = await find(deps, serviceId)
    if (typeof target === 'string') return { end: target }
    line = await deps.connectConsole(target)
    await deps.transact(stores => stores.audit.record({ actor, action: 'service.console', entity: 'service', entityId: serviceId, after: { as: staff ? 'staff' : 'owner' } }))
    return { line }
  } catch (error) {
    line?.close()
    deps.log.warn({ serviceId, reason: error instanceof Error ? error.message : String(error) }, 'a console was not opened')
    return { end: endOfFailure(error) }
  }
}

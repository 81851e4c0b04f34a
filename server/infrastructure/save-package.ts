import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { packageJson } from './list-packages.ts'
import type { OpenPanel, PackageStore, RemotePackage } from './panel-ports.ts'
import type { ConnectionStore, PanelStores } from './ports.ts'

interface Deps { readonly transact: Transact<PanelStores>, readonly connections: ConnectionStore, readonly packages: PackageStore, readonly openPanel: OpenPanel, readonly clock: Clock, /** Pages that show what packages hold. */ readonly offersChanged: () => Promise<void> }
type Limits = Omit<RemotePackage, 'name'>
const limitsOf = ({ diskMiB, bandwidthMiB, maxAddonDomains, maxMailboxes, maxDatabases }: Limits): Limits => ({ diskMiB, bandwidthMiB, maxAddonDomains, maxMailboxes, maxDatabases })

/** The panel's no in words that say what to do. */
function refused(error: unknown): never {
  if (!(error instanceof DriverError)) throw error
  if (error.about === 'name_taken') throw new AppError('package_exists', { cause: error })
  if (error.about === 'changed_elsewhere' || error.kind === 'not_found') throw new AppError('package_changed', { cause: error })
  throw new AppError('connection_failed', { params: { detail: error.message }, cause: error })
}

/** Makes a package on a panel and keeps it as ours once it was read back. @throws AppError not_found, package_exists, connection_failed */
export const createPackage = ({ transact, connections, openPanel, clock, offersChanged }: Deps) => async ({ actor, connectionId, name, limits }: { readonly actor: Actor, readonly connectionId: string, readonly name: string, readonly limits: Limits }): Promise<ReturnType<typeof packageJson>> => {
  const connection = await connections.find(connectionId)
  if (!connection || !isPanel(connection.kind)) throw new AppError('not_found')
  const made = await (await openPanel(connectionId)).createPackage({ name, ...limits }).catch(refused)
  const at = clock.now()
  const kept = await transact(async (stores) => {
    await stores.packages.save(connectionId, [made], at)
    const record = await stores.packages.claim(connectionId, made.name, at)
    if (!record) throw new AppError('not_found')
    await stores.audit.record({ actor, action: 'package.create', entity: 'package', entityId: record.id, after: { connection: connection.name, ...made } })
    return record
  })
  await offersChanged()
  return packageJson(kept)
}

/** Gives one of our packages other limits; the panel holds accounts that are on it to them as well. @throws AppError not_found, package_not_ours, package_changed, connection_failed */
export const changePackage = ({ transact, packages, openPanel, clock, offersChanged }: Deps) => async ({ actor, id, limits }: { readonly actor: Actor, readonly id: string, readonly limits: Limits }): Promise<ReturnType<typeof packageJson>> => {
  const before = await packages.find(id)
  if (!before) throw new AppError('not_found')
  if (before.madeAt === null) throw new AppError('package_not_ours')
  const changed = await (await openPanel(before.connectionId)).changeLimits({ name: before.name, ...limitsOf(before) }, limits).catch(refused)
  const at = clock.now()
  const kept = await transact(async (stores) => {
    await stores.packages.save(before.connectionId, [changed], at)
    await stores.audit.record({ actor, action: 'package.change', entity: 'package', entityId: id, before: limitsOf(before), after: limitsOf(changed) })
    return { ...before, ...changed, present: true, seenAt: at }
  })
  await offersChanged()
  return packageJson(kept)
}

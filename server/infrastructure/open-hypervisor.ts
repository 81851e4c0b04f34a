import { DriverError } from '#shared/errors/driver-error.ts'
import type { ConnectionKind } from '#shared/vocabulary/machines.ts'
import type { SecretBox } from '../kernel/ports.ts'
import type { ConnectionRecord, ConnectionStore, HypervisorAccess, HypervisorDriver, OpenHypervisor } from './ports.ts'

export type ClosableDriver = HypervisorDriver & { close(): void }
interface Deps { readonly connections: ConnectionStore, readonly secrets: SecretBox, readonly drivers: Readonly<Record<ConnectionKind, (access: HypervisorAccess) => ClosableDriver>> }

/** Everything that a driver was made from; a change of any of it needs a new driver. */
const versionOf = (row: ConnectionRecord): string => JSON.stringify([row.kind, row.url, row.tlsMode, row.tlsCaPem, row.tlsFingerprint, row.tokenId, row.tokenSecret, row.storage, row.bridge, row.nodes])

/** Implements the port. One driver per connection is kept, with its connections, until the stored connection changes. `closeAll` ends them. */
export function hypervisorPool({ connections, secrets, drivers }: Deps): { open: OpenHypervisor, closeAll(): void } {
  const kept = new Map<string, { readonly version: string, readonly driver: ClosableDriver }>()
  const drop = (id: string) => {
    kept.get(id)?.driver.close()
    kept.delete(id)
  }
  return {
    async open(connectionId) {
      const row = await connections.find(connectionId)
      if (!row) {
        drop(connectionId)
        throw new DriverError('action_required', 'the connection to this hypervisor was deleted', { who: 'sysadmin' })
      }
      const version = versionOf(row)
      const present = kept.get(connectionId)
      if (present?.version === version) return present.driver
      drop(connectionId)
      const driver = drivers[row.kind]({
        connectionId, url: row.url, tokenId: row.tokenId, tokenSecret: unseal(secrets, row), tls: { mode: row.tlsMode, caPem: row.tlsCaPem, fingerprint: row.tlsFingerprint }, storage: row.storage, bridge: row.bridge, nodes: row.nodes,
      })
      kept.set(connectionId, { version, driver })
      return driver
    },
    closeAll: () => [...kept.keys()].forEach(drop),
  }
}

function unseal(secrets: SecretBox, row: ConnectionRecord): string {
  try {
    return secrets.open(row.tokenSecret)
  } catch (error) {
    throw new DriverError('action_required', `the secret of connection ${row.name} was sealed with a key that is no longer configured; enter it again`, { who: 'sysadmin', cause: error })
  }
}

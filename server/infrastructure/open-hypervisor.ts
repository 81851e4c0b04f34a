import { DriverError } from '#shared/errors/driver-error.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { ConnectionKind, HypervisorKind, PanelKind } from '#shared/vocabulary/machines.ts'
import type { SecretBox } from '../kernel/ports.ts'
import type { OpenPanel, PanelAccess, PanelDriver } from './panel-ports.ts'
import type { ConnectionFields, ConnectionRecord, ConnectionStore, HypervisorAccess, HypervisorDriver, OpenHypervisor } from './ports.ts'

export type ClosableDriver = HypervisorDriver & { close(): void }
export type ClosablePanel = PanelDriver & { close(): void }
interface Deps {
  readonly connections: ConnectionStore, readonly secrets: SecretBox
  readonly drivers: Readonly<Record<HypervisorKind, (access: HypervisorAccess) => ClosableDriver>>
  /** None: this pool opens hypervisors alone. */
  readonly panels?: Readonly<Record<PanelKind, (access: PanelAccess) => ClosablePanel>>
}
/** A driver of settings that are not stored; whoever opened it closes it. */
export type OpenDraft = (fields: ConnectionFields, tokenSecret: string) => Pick<ClosableDriver & ClosablePanel, 'test' | 'close'>
type Made = { readonly hypervisor: ClosableDriver } | { readonly panel: ClosablePanel }

/** Everything that a driver was made from; a change of any of it needs a new driver. */
const versionOf = (row: ConnectionRecord): string => JSON.stringify([row.kind, row.url, row.tlsMode, row.tlsCaPem, row.tlsFingerprint, row.tokenId, row.tokenSecret, row.storage, row.bridge, row.nodes, row.backupStorage, row.console])
const wrongKind = (kind: ConnectionKind, wanted: string): DriverError => new DriverError('permanent', `a connection of kind ${kind} is no ${wanted}`)

/** Implements the ports. One driver per connection is kept, with its connections, until the stored connection changes. `closeAll` ends them. */
export function hypervisorPool({ connections, secrets, drivers, panels }: Deps): { open: OpenHypervisor, openPanel: OpenPanel, openDraft: OpenDraft, closeAll(): void } {
  const kept = new Map<string, { readonly version: string, readonly made: Made }>()
  const drop = (id: string) => {
    const gone = kept.get(id)?.made
    if (gone) ('panel' in gone ? gone.panel : gone.hypervisor).close()
    kept.delete(id)
  }
  const make = (connectionId: string, row: ConnectionFields, tokenSecret: string): Made => {
    const access = { connectionId, url: row.url, tokenId: row.tokenId, tokenSecret, tls: { mode: row.tlsMode, caPem: row.tlsCaPem, fingerprint: row.tlsFingerprint } }
    if (!isPanel(row.kind)) return { hypervisor: drivers[row.kind]({ ...access, storage: row.storage, bridge: row.bridge, nodes: row.nodes, backupStorage: row.backupStorage, console: row.console }) }
    if (!panels) throw wrongKind(row.kind, 'hypervisor')
    return { panel: panels[row.kind](access) }
  }
  async function opened(connectionId: string): Promise<{ readonly kind: ConnectionKind, readonly made: Made }> {
    const row = await connections.find(connectionId)
    if (!row) {
      drop(connectionId)
      throw new DriverError('action_required', 'this connection was deleted', { who: 'sysadmin' })
    }
    const version = versionOf(row)
    const present = kept.get(connectionId)
    if (present?.version === version) return { kind: row.kind, made: present.made }
    drop(connectionId)
    const made = make(row.id, row, unseal(secrets, row))
    kept.set(connectionId, { version, made })
    return { kind: row.kind, made }
  }
  return {
    async open(connectionId) {
      const { kind, made } = await opened(connectionId)
      if ('panel' in made) throw wrongKind(kind, 'hypervisor')
      return made.hypervisor
    },
    async openPanel(connectionId) {
      const { kind, made } = await opened(connectionId)
      if ('hypervisor' in made) throw wrongKind(kind, 'control panel')
      return made.panel
    },
    openDraft(fields, tokenSecret) {
      const made = make('draft', fields, tokenSecret)
      return 'panel' in made ? made.panel : made.hypervisor
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

import type { TlsMode } from '#shared/vocabulary/machines.ts'

/** What a driver needs to speak to one hypervisor. The secret is plain here and nowhere else: it lives as long as the call. */
export interface HypervisorAccess {
  readonly connectionId: string, readonly url: string, /** On VMware a user's name and password. */ readonly tokenId: string, readonly tokenSecret: string
  readonly tls: { readonly mode: TlsMode, readonly caPem: string | null, readonly fingerprint: string | null }
  /** On VMware the datastore, and the network or port group. */
  readonly storage: string, readonly bridge: string
  /** Where backups of machines are kept; empty: none are made. On VMware it means nothing. */
  readonly backupStorage?: string
  /** Of VMware: consoles are shown in the browser. */
  readonly console?: boolean
  /** Empty: every node online. */
  readonly nodes: readonly string[]
}

/** Where a machine is. `node` is a hint: machines migrate, drivers locate before they act. `vmid` is our number of the machine on this connection; on Proxmox the hypervisor's own. */
export interface MachineRef { readonly node: string, readonly vmid: number, /** UUID that the machine must carry, else it is not ours. */ readonly ownershipMark: string }

/** A remote task that goes on after the call; its handle is stored before anybody waits for it. */
export interface TaskHandle { readonly id: string, readonly node: string }

export type ConnectionTestStepName = 'dns' | 'tcp' | 'tls' | 'auth' | 'permissions' | 'version' | 'nodes' | 'containers' | 'firewall' | 'backups' | 'packages' | 'zones'
/** What a step found although it passed: machines are built and run, but something that staff believe is not so. */
export type ConnectionFinding = 'firewall_off' | 'firewall_unknown' | 'no_container_storage' | 'no_vm_storage' | 'limited_rights' | 'limited_privileges'
/** What is there to build machines on, by the names that settings use. */
export interface PlaceChoices { readonly nodes: string[], readonly storages: string[], readonly networks: string[] }
export interface ConnectionTestStep { readonly step: ConnectionTestStepName, readonly ok: boolean, readonly finding?: ConnectionFinding, readonly milliseconds: number, readonly detail: string, readonly missingPermissions?: string[], readonly fingerprint?: string, /** Of the step `nodes`. */ readonly choices?: PlaceChoices }

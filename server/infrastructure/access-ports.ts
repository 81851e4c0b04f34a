import type { TlsMode } from '#shared/vocabulary/machines.ts'

/** What a driver needs to speak to one hypervisor. The secret is plain here and nowhere else: it lives as long as the call. */
export interface HypervisorAccess {
  readonly connectionId: string, readonly url: string, /** On VMware a user's name and password. */ readonly tokenId: string, readonly tokenSecret: string
  readonly tls: { readonly mode: TlsMode, readonly caPem: string | null, readonly fingerprint: string | null }
  /** On VMware the datastore, and the network or port group. */
  readonly storage: string, readonly bridge: string
  /** Empty: every node online. */
  readonly nodes: readonly string[]
}

export type ConnectionTestStepName = 'dns' | 'tcp' | 'tls' | 'auth' | 'permissions' | 'version' | 'nodes' | 'firewall' | 'packages' | 'zones'
/** What a step found although it passed: machines are built and run, but something that staff believe is not so. */
export type ConnectionFinding = 'firewall_off' | 'firewall_unknown'
/** What is there to build machines on, by the names that settings use. */
export interface PlaceChoices { readonly nodes: string[], readonly storages: string[], readonly networks: string[] }
export interface ConnectionTestStep { readonly step: ConnectionTestStepName, readonly ok: boolean, readonly finding?: ConnectionFinding, readonly milliseconds: number, readonly detail: string, readonly missingPermissions?: string[], readonly fingerprint?: string, /** Of the step `nodes`. */ readonly choices?: PlaceChoices }

import type { PtrState } from '#shared/vocabulary/machines.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { KernelStores } from '../kernel/ports.ts'
import type { ConnectionTestStep, HypervisorAccess } from './access-ports.ts'

/** What a driver needs to speak to the name server. The key is plain here and nowhere else. */
export interface DnsAccess { readonly url: string, readonly tls: HypervisorAccess['tls'], readonly serverId: string, readonly apiKey: string }

/** What every name server that holds reverse zones has to guarantee. */
export interface ReverseDnsDriver {
  /** Name, TCP, TLS, the key, and the reverse zones that may be written. Never throws for what the remote does. */
  test(): AsyncGenerator<ConnectionTestStep>
  /**
   * Makes `name` the only name of an address (null: takes every name away), and reads that back before it answers. Writes nothing where it is so
   * already; an answer that was lost is read back, not repeated.
   * @throws DriverError `action_required` when the key is refused or no zone of the server holds the address; `permanent` when the server
   * refuses the record; `retryable` when it did not happen; `unknown_outcome` when it may have
   */
  setName(input: { readonly address: string, readonly name: string | null, /** Seconds. */ readonly ttl: number }): Promise<void>
  close(): void
}

/** What staff set for the name server; the key is sealed. */
export interface ReverseDnsSettings extends Omit<DnsAccess, 'apiKey' | 'tls'> {
  readonly tlsMode: HypervisorAccess['tls']['mode'], readonly tlsCaPem: string | null, readonly tlsFingerprint: string | null, /** Sealed. */ readonly apiKey: string
  /** Gives each assigned address its first name. */ readonly template: string, /** Seconds. */ readonly ttl: number
}

/** The wanted name of an address. `name` null: none is wanted any more. `version` counts the wishes, so that an older one does not pass for the newest. */
export interface PtrRecord { readonly address: string, readonly serviceId: string | null, readonly clientId: string | null, readonly name: string | null, readonly state: PtrState, readonly problem: string | null, readonly version: number, readonly changedAt: Date, readonly changedBy: string }
export interface ReverseDnsStore {
  /** Null: no name server is set up. */
  settings(): Promise<ReverseDnsSettings | null>
  /** Locks the settings until the transaction ends, also where there are none yet. */
  lockSettings(): Promise<ReverseDnsSettings | null>
  saveSettings(settings: ReverseDnsSettings, at: Date): Promise<void>
  removeSettings(): Promise<void>
  /** The addresses of a service's machine, IPv4 first, locked until the transaction ends; only those that are assigned. */
  lockAddresses(serviceId: string): Promise<string[]>
  /** The same with their names. */
  findForService(serviceId: string): Promise<{ readonly address: string, readonly record: PtrRecord | null }[]>
  find(address: string): Promise<PtrRecord | null>
  /** Wishes a name for an address and queues its writing; the same name again, when it is written already, changes nothing. */
  want(input: { readonly address: string, readonly serviceId: string, readonly name: string, readonly by: string }): Promise<void>
  /** What came of writing `version`. A wish that has none left is forgotten once it is carried out. False: a newer wish is there, and is queued again. */
  settle(record: PtrRecord, outcome: { readonly state: PtrState, readonly problem: string | null }): Promise<boolean>
  /** Queues every wish that is not carried out yet, at most five hundred at a time. Answers how many. */
  queueOpen(): Promise<number>
  /** How many addresses of machines have no name of their service, wished or written. */
  countUnnamed(): Promise<number>
  /** Wishes the template's name for two hundred of them at most, in the order of the addresses from `after` on, and queues their writing. Answers the last one that was looked at; null: none is left. */
  nameUnnamed(input: { readonly after: string | null, readonly by: string }): Promise<string | null>
  /** How many wishes are there, by state. */
  count(): Promise<Readonly<Record<PtrState, number>>>
}
export interface ReverseDnsStores extends KernelStores { readonly reverseDns: ReverseDnsStore, readonly audit: AuditTrail }

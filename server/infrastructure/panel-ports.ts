import type { Page, PageRequest } from '../kernel/ports.ts'
import type { ConnectionTestStep, HypervisorAccess } from './access-ports.ts'
import type { PanelBackups } from './panel-backups-ports.ts'
import type { PanelPackages, RemotePackage } from './panel-packages-ports.ts'
import type { AccountRef, PanelWeb } from './panel-web-ports.ts'

export type { RemotePackage } from './panel-packages-ports.ts'
export type { AccountRef } from './panel-web-ports.ts'

/** What a driver needs to speak to one control panel. The secret is plain here and nowhere else. */
export type PanelAccess = Pick<HypervisorAccess, 'connectionId' | 'url' | 'tokenId' | 'tokenSecret' | 'tls'>

/** What the server says of itself; null: the token may not see it, or the panel does not say. */
export interface PanelServer {
  readonly hostname: string | null, readonly version: string | null, readonly load: number | null
  /** Of the fullest partition, in bytes. */
  readonly disk: { readonly mount: string, readonly used: number, readonly total: number } | null
  /** `most` null: the licence has no limit. */
  readonly accounts: { readonly now: number, readonly most: number | null } | null
  /** What a domain has to name so that this server answers for it. */
  readonly nameservers: readonly string[] | null
}

export interface AccountState {
  readonly user: string, readonly domain: string, readonly package: string, readonly ip: string, readonly contactEmail: string
  /** Who wrote it and nobody else can: number of the account on its server and the second of its creation. Kept with the account, it proves it for good. */
  readonly birth: string
  /** Null: it is not suspended. `byUs`: our own words stand as the reason; else somebody suspended it at the panel, and only he may lift it. */
  readonly suspended: { readonly reason: string, readonly byUs: boolean } | null
  readonly diskUsedMiB: number, readonly diskLimitMiB: number | null
}

/** An account in a panel's list. `mark`: the ownership mark with which it was born, while its contact address still holds it. */
export interface SeenAccount extends AccountState { readonly mark: string | null }

/** An address that logs its holder in once, soon, without a password. Never stored, never logged. */
export interface PanelSession { readonly url: string, readonly expiresAt: Date }

/**
 * One control panel, spoken to in its own protocol. Every act may be repeated: an act whose effect is there already answers as if it had
 * just been done, and every act is read back before it counts. Every act on an account first proves that the account is ours
 * (`DriverError` not_ours otherwise); the user's name proves nothing. All failures are `DriverError`s. A time-out after sending is
 * `unknown_outcome`: the caller looks with `find`, or repeats the same call, which looks itself.
 */
export interface PanelDriver extends PanelWeb, PanelPackages, PanelBackups {
  /** Yields each step as it is done; stops at the first that makes the later ones meaningless. Never throws. */
  test(): AsyncGenerator<ConnectionTestStep>
  observe(): Promise<PanelServer>
  listPackages(): Promise<RemotePackage[]>
  /** Every account that this token sees, whoever's it is. A list: it proves nothing about a single one. */
  listAccounts(): Promise<SeenAccount[]>
  /** Our account, also under another name while its domain is the same; null when there is none (proven: the panel says that it does not exist). @throws DriverError not_ours when somebody else's stands there */
  find(account: AccountRef): Promise<AccountState | null>
  /**
   * An account with our mark from its first moment. Ours already, also under another name: it is answered as it is. @throws DriverError retryable
   * about name_taken (take another), action_required when the domain is on the server, the package is gone or the licence is full
   */
  create(input: { readonly user: string, readonly domain: string, readonly package: string, readonly password: string, readonly ownershipMark: string }): Promise<AccountState>
  /** The panel's letters go to the client from now on; the mark at its birth goes, so `birth` must have been kept before. */
  handOver(account: AccountRef, contactEmail: string): Promise<void>
  /** Suspended already, by us or by hand: nothing is done. */
  suspend(account: AccountRef, reason: string): Promise<void>
  /** @throws DriverError action_required when it was suspended by hand: that is not ours to lift */
  resume(account: AccountRef): Promise<void>
  /** Removes the account with all it holds. Gone already: nothing is done. */
  remove(account: AccountRef): Promise<void>
  changePackage(account: AccountRef, packageName: string): Promise<void>
  setPassword(account: AccountRef, password: string): Promise<void>
  /** @throws DriverError permanent while the account is suspended */
  openSession(account: AccountRef, service: 'panel' | 'webmail'): Promise<PanelSession>
  /** Bytes that the account's domains transferred in a month. */
  traffic(account: AccountRef, month: { readonly year: number, readonly month: number }): Promise<number>
}

/** Opens the driver of a connection, its secret decrypted. @throws DriverError action_required when the connection is gone, permanent when it is no panel */
export type OpenPanel = (connectionId: string) => Promise<PanelDriver>

/** Servers that have a package, as they were seen just now. `complete` false: one that may have it did not tell. */
export interface FoundServers { readonly servers: readonly { readonly connectionId: string, /** The server's own name, where it tells it. */ readonly hostname: string | null }[], readonly complete: boolean }
/**
 * Of these, the servers that are not in maintenance and have the package; how full each of them is is kept, for `HoldAccounts` to count with. Looks at the servers, so never inside a transaction.
 * @throws AppError package_unavailable when no server has it, out_of_stock when none takes new accounts, or capacity_unknown when none tells
 */
export type FindServers = (input: { readonly connectionIds: readonly string[], readonly package: string }) => Promise<FoundServers>

/** An account as it is now, with what its domains transferred in a month; null: its panel does not answer in time, or there is none of ours. Read at most once a minute. */
export type ReadAccount = (input: { readonly connectionId: string, readonly ref: AccountRef, readonly month: { readonly year: number, readonly month: number } }) => Promise<{ readonly state: AccountState, readonly transferredMiB: number, readonly at: Date } | null>

/** What is kept of a service's account beside its machine row. */
export interface KeptAccount { readonly domain: string, /** Where its place is held, or where it is. */ readonly connectionId: string | null, readonly birth: string | null, readonly ip: string | null }
/** Domains of hosting accounts and their places on servers, held and given back inside a transaction. */
export interface AccountBook {
  /** Holds a domain for a service, and a place on a server; false: another service holds the domain. */
  hold(serviceId: string, domain: string, connectionId: string): Promise<boolean>
  /** Its place is on this server from now on. */
  place(serviceId: string, connectionId: string): Promise<void>
  /** What was read back of the account; a birth that is kept already stays. */
  keep(serviceId: string, seen: { readonly birth: string, readonly ip: string }): Promise<void>
  /** The account is gone, or will never be made: its domain may be ordered anew, and its place sold. */
  release(serviceId: string): Promise<void>
}

/** A product that is made from an offer. */
export interface ProductUse { readonly id: string, readonly name: string }
export interface Used { readonly products: readonly ProductUse[] }
/** `state` missing: both those that are there and those that vanished; `missed` are those that vanished and that products are made from. */
export type OfferFilter = PageRequest & { readonly q?: string | undefined, readonly state?: 'present' | 'vanished' | 'missed' | undefined }

export interface PackageRecord extends RemotePackage { readonly id: string, readonly connectionId: string, readonly connectionName: string, readonly present: boolean, readonly seenAt: Date, /** When we made it; null: somebody else did, or it has vanished since. */ readonly madeAt: Date | null }
export interface PackageStore {
  list(filter: OfferFilter): Promise<Page<PackageRecord & Used>>
  forConnection(connectionId: string): Promise<PackageRecord[]>
  /** By id of the package; products that are retired use nothing. */
  usedBy(ids: readonly string[]): Promise<ReadonlyMap<string, readonly ProductUse[]>>
  /** Adds or refreshes by (connection, name). */
  save(connectionId: string, packages: readonly RemotePackage[], at: Date): Promise<void>
  markVanished(ids: readonly string[]): Promise<void>
  find(id: string): Promise<PackageRecord | null>
  /** It is ours from now on. */
  claim(connectionId: string, name: string, at: Date): Promise<PackageRecord | null>
}

export interface PanelServerRecord extends PanelServer { readonly connectionId: string, readonly observedAt: Date }
export interface PanelServerStore {
  find(connectionId: string): Promise<PanelServerRecord | null>
  /** Replaces what is known of a panel's server, unless it is gone. `at`: the moment before it was asked. */
  record(connectionId: string, seen: PanelServer, at: Date): Promise<void>
}

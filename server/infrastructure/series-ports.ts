import type { SeriesKind, SeriesStep } from '#shared/vocabulary/monitoring.ts'

export interface SeriesSubject { readonly connectionId: string, readonly kind: SeriesKind, /** A node's name, a storage's key; empty for a panel's server. */ readonly name: string }
/** A chunk as it is stored: see `series.ts`. */
export interface SeriesChunk extends SeriesSubject { readonly startsAt: Date, readonly points: Uint8Array }
export interface SeriesStore {
  /** Puts slots of one moment in their places, in one statement for each kind; repeated, it changes nothing. Chunks that are not there yet begin empty. */
  put(step: SeriesStep, at: number, slots: readonly (SeriesSubject & { readonly slot: Uint8Array })[]): Promise<void>
  /** The chunks of one subject that begin in [from, to), oldest first. */
  read(subject: SeriesSubject, step: SeriesStep, from: Date, to: Date): Promise<SeriesChunk[]>
  /** The same of several names of a connection and kind. */
  readMany(connectionId: string | null, kind: SeriesKind, step: SeriesStep, from: Date, to: Date): Promise<SeriesChunk[]>
  /** Chunks of all subjects that begin in [from, to), by subject, at most `limit`, after this subject. */
  page(step: SeriesStep, from: Date, to: Date, after: SeriesSubject | null, limit: number): Promise<SeriesChunk[]>
  /** Those that are still there; they stay until the transaction ends. */
  lockConnections(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Removes at most `atMost` chunks that began earlier; answers how many. */
  forgetBefore(step: SeriesStep, moment: Date, atMost: number): Promise<number>
  /** Until when a step is made from the finer one; null: nothing of it is made yet. */
  madeUntil(step: SeriesStep): Promise<Date | null>
  setMadeUntil(step: SeriesStep, moment: Date): Promise<void>
}

/** `key` names it on its connection; `node` null: nodes share it. Bytes; null: it does not tell, because it is not active for example. */
export interface RemoteStorage { readonly key: string, readonly name: string, readonly node: string | null, readonly type: string, readonly shared: boolean, readonly active: boolean, readonly used: number | null, readonly total: number | null }
export interface StorageRecord extends RemoteStorage { readonly connectionId: string, readonly connectionName: string, readonly observedAt: Date, /** Bytes; null: too few days are known. */ readonly growthPerDay: number | null, readonly growthDays: number }
export interface StorageStore {
  /** Every storage, the fullest first; at most 500. */
  list(): Promise<StorageRecord[]>
  /** A node's own storages and those that its connection's nodes share. */
  forNode(connectionId: string, node: string): Promise<StorageRecord[]>
  /** Replaces what is known of a connection's storages; what was foretold of them stays. */
  record(connectionId: string, storages: readonly RemoteStorage[], at: Date): Promise<void>
  recordGrowth(growths: readonly { readonly connectionId: string, readonly key: string, readonly growthPerDay: number | null, readonly growthDays: number }[]): Promise<void>
}

import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { BackupOrigin, BackupState, ConnectionKind, ResourceStatus, SagaKind, SagaStatus } from '#shared/vocabulary/machines.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { BackupRow, ServiceOfBackup } from './backup-ports.ts'

/** What is backed up: machines from here, hosting accounts by their panel. */
export type BackedUpKind = 'vps' | 'hosting'
/** A service whose machine or account is there, beside what is known of its backups. */
export interface BackupGapFacts extends ServiceOfBackup {
  readonly productName: string, readonly kind: BackedUpKind, readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus, readonly connectionId: string, readonly connectionName: string, readonly connectionKind: ConnectionKind, readonly node: string | null
  /** Of a machine: of its backups that can be restored from here. */ readonly newestAt: Date | null
  /** Of an account: the day of its panel's newest backup, as read at `readAt`; `readAt` null: it never told. */ readonly newestOn: string | null, readonly readAt: Date | null
  /** The machine or account is there since then. */ readonly since: Date
  /** Of its product, as it is now. */ readonly included: number, readonly mayBeScheduled: boolean, /** Ready, or being made. */ readonly held: number, /** Empty: no backups are made on its connection. */ readonly storage: string
  readonly schedule: { readonly nextAt: Date, /** In a row. */ readonly failures: number, readonly problem: string | null } | null
  /** What the newest attempt failed of; null: it did not fail, or there was none. */ readonly lastProblem: string | null, readonly openSaga: SagaKind | null
}
export interface UnbackedFilter extends PageRequest {
  /** Host name, client or his address. */ readonly q?: string | undefined, readonly kind?: BackedUpKind | undefined
  /** Of machines: whether their product includes backups. Accounts have no such thing and are in neither. */ readonly sold?: boolean | undefined
  /** What is older is no recent backup. */ readonly before: Date
}
/** The newest task of a service beside the backup that it was to make, if it was one of these; and where the service stands now. */
export interface BackupAttempt {
  readonly serviceId: string, readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus, readonly included: number, /** Of its machine now. */ readonly ownershipMark: string | null, readonly connectionId: string | null, readonly storage: string
  readonly task: { readonly kind: SagaKind, readonly action: string | null, readonly status: SagaStatus, readonly reason: string | null } | null
  readonly backup: { readonly id: string, readonly origin: BackupOrigin, readonly state: BackupState, readonly ownershipMark: string, readonly connectionId: string, readonly storage: string } | null
  /** Ready, or being made. */ readonly held: readonly BackupRow[]
}

export interface BackupGapStore {
  /** Whose newest backup is older, or that have none; those without one first, then the oldest. */
  unbacked(filter: UnbackedFilter): Promise<Page<BackupGapFacts>>
  /**
   * What runs, is not in maintenance and has no backup since then, though it is there since before. Machines: of products that include backups. Accounts: of those whose panel told after `readAfter`;
   * null: there are accounts, and none told.
   */
  countUnbacked(since: { readonly before: Date, readonly readAfter: Date }): Promise<{ readonly machines: number, readonly accounts: number | null }>
  /** The day of the newest backup of each account that a panel told of, by its birth; what it did not tell of stays as it was known. */
  keepNewest(connectionId: string, told: readonly { readonly birth: string, readonly date: string | null }[], at: Date): Promise<void>
  /** By service. */
  attempts(serviceIds: readonly string[]): Promise<ReadonlyMap<string, BackupAttempt>>
}

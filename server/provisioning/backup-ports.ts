import type { BackupFrequency, BackupOrigin, BackupState, ConnectionKind, MachineType, ResourceStatus, SagaKind } from '#shared/vocabulary/machines.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

export interface BackupRow {
  readonly id: string, readonly serviceId: string, readonly connectionId: string, readonly storage: string, /** Of the machine at that time, as are mark, user name and template. */ readonly vmid: number, readonly ownershipMark: string, readonly username: string | null, readonly templateId: string | null
  readonly origin: BackupOrigin, readonly state: BackupState, readonly volume: string | null, readonly sizeBytes: number | null, readonly startedAt: Date, readonly madeAt: Date | null, readonly endedAt: Date | null, readonly problem: string | null
}
export interface BackupSchedule { readonly frequency: BackupFrequency, /** Of a weekly one: 1 is Monday. */ readonly weekday: number | null, readonly hour: number }
export interface ScheduleRow extends BackupSchedule { readonly serviceId: string, readonly nextAt: Date, /** In a row. */ readonly failures: number, readonly problem: string | null }
/** What a service may have of backups. */
export interface BackupTerms {
  readonly clientId: string, readonly hostname: string, readonly status: ServiceStatus, readonly endedAt: Date | null, /** Of its product, as it is now. */ readonly included: number, readonly mayBeScheduled: boolean
  /** Of its machine; null: it has none. */ readonly connectionId: string | null, readonly connectionKind: ConnectionKind | null, /** Empty: no backups are made on its connection. */ readonly storage: string
}
export interface DueSchedule extends ScheduleRow { readonly connectionId: string, readonly node: string, readonly included: number }
export interface ServiceOfBackup { readonly serviceId: string, readonly hostname: string, readonly clientId: string, readonly clientName: string }
export interface BackupUsage { readonly clientId: string, readonly clientName: string, readonly connectionId: string, readonly connectionName: string, readonly storage: string, readonly services: number, readonly backups: number, readonly bytes: number, readonly newestAt: Date | null }
/** A backup beside the service that it was made of, whatever became of that. `kept`: it lies on the storage that is still its connection's. */
export interface ArchiveRow extends BackupRow, ServiceOfBackup { readonly status: ServiceStatus, readonly endedAt: Date | null, readonly connectionName: string, readonly connectionKind: ConnectionKind, readonly kept: boolean }
/** A service that could be given a machine made from a backup. */
export interface RebuildTarget { readonly serviceId: string, readonly hostname: string, readonly productName: string, readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus, readonly openSaga: SagaKind | null, readonly diskGiB: number, readonly machineType: MachineType | null, readonly paid: boolean, /** Where its machine is by the books, and by what mark it is known there. */ readonly connectionId: string | null, readonly ownershipMark: string | null }
export type UsageOrder = 'bytes' | 'backups' | 'client'

export interface BackupStore {
  /** Null: no such service. Takes no lock. */
  terms(serviceId: string): Promise<BackupTerms | null>
  /** All but deleted ones, newest first. */
  list(filter: PageRequest & { readonly serviceId: string }): Promise<Page<BackupRow>>
  /** Those in one of these states, oldest first, at most two hundred. */
  inStates(serviceId: string, states: readonly BackupState[]): Promise<BackupRow[]>
  find(id: string): Promise<BackupRow | null>
  insert(row: Pick<BackupRow, 'id' | 'serviceId' | 'connectionId' | 'storage' | 'vmid' | 'ownershipMark' | 'username' | 'templateId' | 'origin'>, at: Date): Promise<void>
  /** Only from one of these states; false: it is in another. */
  move(id: string, from: readonly BackupState[], to: { readonly state: BackupState, readonly volume?: string, readonly sizeBytes?: number, readonly madeAt?: Date, readonly endedAt?: Date | null, readonly problem?: string | null }): Promise<boolean>

  schedule(serviceId: string): Promise<ScheduleRow | null>
  /** Null: none any more. Failures in a row are forgotten. */
  setSchedule(serviceId: string, schedule: (BackupSchedule & { readonly nextAt: Date }) | null, at: Date): Promise<void>
  /** Whose time has come, of running services with a ready machine, nothing else under way, and backups offered; earliest first. */
  due(now: Date, limit: number): Promise<DueSchedule[]>
  /** How many backups are being made, by `<connection> <node>`. */
  underWay(): Promise<ReadonlyMap<string, number>>
  setNext(serviceId: string, nextAt: Date): Promise<void>
  noteFailure(serviceId: string, problem: string): Promise<void>
  noteSuccess(serviceId: string): Promise<void>
  /** Schedules that began to fail and whose people were not told; they count as told from now on. */
  takeUntold(limit: number): Promise<(ServiceOfBackup & { readonly product: string, readonly problem: string, readonly clientEmail: string, readonly locale: Locale })[]>
  /** Of services that ended before then, on storages that are still their connections', from which no machine is being made; at most so many, oldest first. */
  expired(endedBefore: Date, limit: number): Promise<BackupRow[]>

  /** One backup, whatever state it is in; null: none. Takes no lock. */
  archive(id: string): Promise<ArchiveRow | null>
  /** Ready ones, of ended services too, newest first. `q`: host name, client or his address. */
  held(filter: PageRequest & { readonly q?: string | undefined }): Promise<Page<ArchiveRow>>
  /** Machines' services of a client that have not ended, those without a ready machine first. */
  targets(filter: PageRequest & { readonly clientId: string, readonly serviceId?: string | undefined }): Promise<Page<RebuildTarget>>

  usage(filter: PageRequest & { readonly q?: string | undefined, readonly order: UsageOrder }): Promise<Page<BackupUsage>>
  /** Held now, of all. */
  totals(): Promise<{ readonly backups: number, readonly bytes: number, readonly failed: number, readonly schedules: number }>
  schedules(filter: PageRequest & { readonly failing: boolean }): Promise<Page<ScheduleRow & ServiceOfBackup>>
  /** Failed or gone, newest first. */
  failed(filter: PageRequest): Promise<Page<BackupRow & ServiceOfBackup>>
}

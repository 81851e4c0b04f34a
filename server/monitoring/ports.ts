import type { AlarmMeasure, AlarmSeverity, AlarmState } from '#shared/vocabulary/monitoring.ts'
import type { ConnectionKind } from '#shared/vocabulary/machines.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { KernelStores, Page, PageRequest } from '../kernel/ports.ts'
import type { StaffDirectory } from '../identity/ports.ts'
import type { MailOutbox } from '../notifications/ports.ts'

export interface AlarmRuleFields { readonly measure: AlarmMeasure, /** 1 for a measure that is so or is not. */ readonly threshold: number, readonly minutes: number, readonly severity: AlarmSeverity, readonly enabled: boolean, /** How far a measure looks back that does; null of the others. */ readonly days: number | null }
export interface AlarmRule extends AlarmRuleFields { readonly id: string }
export interface AlarmRuleStore {
  /** Every rule, by measure; there is at most one for each measure and severity. */
  list(): Promise<AlarmRule[]>
  /** The same, held until the transaction ends: one evaluation at a time, and no change of a rule during it. */
  lockAll(): Promise<AlarmRule[]>
  /** False: there is one for this measure and severity. */
  insert(id: string, fields: AlarmRuleFields, at: Date): Promise<boolean>
  update(id: string, fields: AlarmRuleFields, at: Date): Promise<boolean>
  remove(id: string): Promise<void>
}

/** What an alarm is about. */
export interface AlarmSubject { readonly subject: string, readonly subjectName: string, readonly connectionId: string | null, readonly connectionName: string | null }
export interface AlarmRecord extends AlarmSubject {
  readonly id: string, readonly ruleId: string | null, readonly measure: AlarmMeasure, readonly severity: AlarmSeverity, readonly threshold: number, readonly days: number | null, readonly state: AlarmState, readonly value: number | null
  readonly since: Date, readonly seenAt: Date, readonly calmSince: Date | null, readonly firedAt: Date | null, readonly resolvedAt: Date | null, readonly acknowledgedAt: Date | null, readonly acknowledgedBy: string | null, readonly note: string | null
}
export interface AlarmStore {
  /** Pending and firing. */
  open(): Promise<AlarmRecord[]>
  /** Adds or replaces what an evaluation decided; who acknowledged it stays. */
  save(alarms: readonly AlarmRecord[]): Promise<void>
  remove(ids: readonly string[]): Promise<void>
  /** Firing, or resolved: the newest first. */
  list(filter: PageRequest & { readonly state: 'firing' | 'resolved' }): Promise<Page<AlarmRecord>>
  /** Marks one that fires; false: there is none. */
  acknowledge(id: string, by: string, note: string | null, at: Date): Promise<boolean>
  count(): Promise<{ readonly warning: number, readonly critical: number, readonly unacknowledged: number }>
  /** Removes at most `atMost` that were resolved earlier. */
  forgetBefore(moment: Date, atMost: number): Promise<void>
}

export interface QueueDepth { readonly name: string, /** Due now and not begun. */ readonly waiting: number, readonly running: number, /** Used up their retries. */ readonly dead: number, /** How long the first of those that wait is due. */ readonly oldestSeconds: number | null }
/** The state of the house that is not a figure of a machine. */
export interface HouseState {
  readonly connections: readonly { readonly id: string, readonly name: string, readonly kind: ConnectionKind, readonly maintenance: boolean, readonly healthy: boolean | null, /** It is healthy, or is not, since then. */ readonly healthSince: Date | null, /** The last collection. */ readonly checkedAt: Date | null, /** The last one that it answered. */ readonly answeredAt: Date | null, readonly problem: string | null }[]
  readonly panels: readonly { readonly connectionId: string, readonly connectionName: string, readonly hostname: string | null, readonly load: number | null, readonly diskUsed: number | null, readonly diskTotal: number | null, readonly accounts: number | null, readonly maxAccounts: number | null, readonly observedAt: Date }[]
  readonly sagas: { readonly running: number, readonly waiting: number, /** Machines in error, and acts that failed within a day. */ readonly failed: number }
  readonly mails: { readonly queued: number, readonly oldestAt: Date | null, /** Refused within a day. */ readonly failed: number }
}
/** How many have no backup of the last days; null: it is not known. */
export interface Unbacked { readonly machines: number, readonly accounts: number | null }
export interface HouseReads {
  state(now: Date): Promise<HouseState>
}
export interface MonitoringStores extends KernelStores { readonly alarmRules: AlarmRuleStore, readonly alarms: AlarmStore, readonly house: HouseReads, readonly staff: StaffDirectory, readonly mail: MailOutbox, readonly audit: AuditTrail }

/** A node and a storage as the board shows them. */
export interface SeenNode { readonly connectionId: string, readonly connectionName: string, readonly node: string, readonly online: boolean, readonly cpu: number, readonly memoryUsed: number, readonly memoryTotal: number, readonly diskUsed: number, readonly diskTotal: number, readonly observedAt: string }
export interface SeenStorage { readonly connectionId: string, readonly connectionName: string, readonly key: string, readonly name: string, readonly node: string | null, readonly active: boolean, readonly used: number | null, readonly total: number | null, readonly observedAt: string }

import type { Money } from '#shared/money/money.ts'
import type { EndReason, InvoiceStatus, LedgerCause, ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { PlanEntry } from './plan-entry.ts'

export interface PlanSnapshot { readonly id: string, /** Of the business zone. */ readonly day: string, readonly takenAt: Date, readonly until: Date }
export type PlanCursor = Pick<PlanEntry, 'serviceId' | 'kind' | 'mark'>

/** What is on record of a service, by which a difference of its plan is explained. */
export interface ServiceEvidence {
  readonly serviceId: string, readonly hostname: string, readonly clientName: string, readonly createdAt: Date, readonly orderNumber: string
  readonly status: ServiceStatus, readonly suspensionReason: SuspensionReason | null, readonly endReason: EndReason | null, readonly endedAt: Date | null, readonly cancelAtPeriodEnd: boolean, readonly holdUntil: Date | null
  /** The newest of each since the earlier plan. */
  readonly periodPaidAt: Date | null, readonly changeAskedAt: Date | null, readonly priceToldAt: Date | null, readonly termsChangedAt: Date | null
  /** Changes of its state since then, in their order. */
  readonly moves: readonly { readonly to: string, readonly at: Date }[]
}
export interface InvoiceEvidence {
  readonly invoiceId: string, readonly number: string, readonly status: InvoiceStatus, readonly issuedAt: Date | null, readonly paidAt: Date | null, readonly closedAt: Date | null, readonly total: Money
  /** The newest booking on what it asks for. */
  readonly booked: { readonly cause: LedgerCause, readonly at: Date } | null
  readonly feeAt: Date | null
}
export interface RenewalEvidence { readonly serviceId: string, readonly periodStart: Date, readonly invoiceId: string | null }
export interface NoticeEvidence { readonly invoiceId: string, readonly serviceId: string, readonly step: string, readonly at: Date }

export interface PlanSnapshotStore {
  /** The whole plan that was kept on a day; null: none was. */
  finishedOn(day: string): Promise<PlanSnapshot | null>
  begin(snapshot: PlanSnapshot): Promise<void>
  add(snapshotId: string, entries: readonly PlanEntry[]): Promise<void>
  /** Throws when another one of its day is finished. */
  finish(snapshotId: string, entries: number, at: Date): Promise<void>
  /** Those taken before `keepSince`, and what was left half done before `halfDoneSince`. */
  stale(moments: { readonly keepSince: Date, readonly halfDoneSince: Date }): Promise<string[]>
  /** Deletes at most `limit` entries, and the snapshot when none is left; false: some are. */
  forget(snapshotId: string, limit: number): Promise<boolean>
  /** Entries in the order of their services, those of one service together. */
  page(page: { readonly snapshotId: string, readonly clientId?: string | undefined, readonly productId?: string | undefined, readonly after: PlanCursor | null, readonly limit: number }): Promise<PlanEntry[]>
  /** Which invoice the renewal of each period has got; periods without a renewal are left out. */
  renewalsOf(periods: readonly { readonly serviceId: string, readonly periodStart: Date }[]): Promise<RenewalEvidence[]>
  servicesSince(serviceIds: readonly string[], since: Date): Promise<ServiceEvidence[]>
  invoicesOf(invoiceIds: readonly string[]): Promise<InvoiceEvidence[]>
  noticesOf(serviceIds: readonly string[], invoiceIds: readonly string[]): Promise<NoticeEvidence[]>
}

import type { Money } from '#shared/money/money.ts'
import type { LedgerAccount } from '#shared/vocabulary/billing.ts'
import type { ManualAccount, ManualEntryStatus } from '#shared/vocabulary/ledger.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

export interface Person { readonly id: string, readonly name: string }

/** Positive: debit. Negative: credit. */
export interface ManualLine { readonly account: ManualAccount, readonly clientId: string | null, readonly gateway: GatewayName | null, readonly amount: Money }
export interface ManualProposal { readonly id: string, readonly at: Date, readonly reason: string, /** The sum of its debits. */ readonly total: Money, /** Above it whoever wrote it cannot book it. */ readonly approvalLimit: Money, readonly reverses: string | null, readonly proposedBy: string, readonly proposedAt: Date, readonly lines: readonly ManualLine[] }
export interface ManualEntry extends Omit<ManualProposal, 'proposedBy' | 'lines'> {
  readonly status: ManualEntryStatus, readonly proposedBy: Person, readonly decidedBy: Person | null, readonly decidedAt: Date | null, readonly note: string | null
  /** The entry that reverses this one, waiting or booked. */
  readonly reversedBy: string | null
  readonly lines: readonly (ManualLine & { readonly clientName: string | null })[]
}

export interface ManualEntryStore {
  /** Keeps what was proposed. @throws AppError entry_reversed when what it reverses has a reversal already */
  insert(proposal: ManualProposal): Promise<void>
  lock(id: string): Promise<ManualEntry | null>
  find(id: string): Promise<ManualEntry | null>
  decide(id: string, decision: { readonly status: 'booked' | 'rejected', readonly decidedBy: string, readonly decidedAt: Date, readonly note: string | null }): Promise<void>
  /** Newest first. */
  list(query: PageRequest & { readonly status?: ManualEntryStatus | undefined }): Promise<Page<ManualEntry>>
  /** Which of these users are clients. */
  clientsAmong(ids: readonly string[]): Promise<Set<string>>
}

export interface AccountTotals { readonly account: LedgerAccount, readonly debit: Money, readonly credit: Money }
export interface ClosedPeriod {
  readonly id: string, /** `2026-11` in the business zone. */ readonly month: string, readonly startsAt: Date, readonly endsAt: Date, readonly closedBy: Person, readonly closedAt: Date
  readonly reopened: { readonly by: Person, readonly at: Date, readonly reason: string } | null
  /** Of all entries until its end. */
  readonly totals: readonly AccountTotals[]
}

export interface PeriodStore {
  /** Until the transaction ends nobody books and nobody closes or reopens a month. Taken before anything is booked in it. */
  lock(): Promise<void>
  /** Where the open part of the journal begins; it stays there until the transaction ends. Null: nothing is closed. */
  openFrom(): Promise<Date | null>
  lastClosed(): Promise<{ readonly id: string, readonly month: string, readonly endsAt: Date, readonly closedBy: string } | null>
  firstEntryAt(): Promise<Date | null>
  /** Of a stretch of time: entries by hand that wait for a decision, and whether an entry stands behind this place of the chain, or outside of it. */
  evidence(input: { readonly startsAt: Date, readonly endsAt: Date, readonly headSequence: number }): Promise<{ readonly waiting: number, readonly bookedSince: boolean }>
  /** Keeps the closing with its totals: those of the `after`, and what was booked since. */
  close(period: { readonly id: string, readonly month: string, readonly startsAt: Date, readonly endsAt: Date, readonly closedBy: string, readonly closedAt: Date, readonly auditId: string, readonly headSequence: number, readonly after: string | null }): Promise<void>
  reopen(reopening: { readonly periodId: string, readonly reason: string, readonly reopenedBy: string, readonly reopenedAt: Date }): Promise<void>
  list(page: PageRequest): Promise<Page<ClosedPeriod>>
}

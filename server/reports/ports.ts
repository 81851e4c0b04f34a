import type { LedgerAccount, LedgerCause } from '#shared/vocabulary/billing.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { ComputeTax } from '../billing/ports.ts'
import type { SpreadLine } from '#shared/money/spread.ts'

/** A span of time, half-open. */
export interface Span { readonly start: Date, readonly end: Date }
/** A month of the business zone: its name (`2026-11`), its instants, and the numbers of its first day and of the day after its last one. */
export interface Month extends Span { readonly month: string, readonly firstDay: number, readonly nextDay: number }

/** bigint: money in whole Rupiah; number: a count or a percentage; null: nothing can be said. */
export type Cell = bigint | number | null
export interface ReportRow { readonly key: string, readonly label: string, readonly cells: Readonly<Record<string, Cell>> }
/** A part of a table: the largest first (a page), or by key (an export, which goes on behind the last key). */
export type TableWindow = { readonly limit: number, readonly offset: number } | { readonly limit: number, readonly after: string | null }
export interface TablePart { readonly rows: readonly ReportRow[], readonly total: number, readonly totals: Readonly<Record<string, Cell>> }

/** One row behind a number. `cursor` names its place in the order of all of them. */
export interface DetailRow { readonly cursor: string, readonly at: Date | null, readonly label: string, readonly clientName: string | null, readonly invoiceId: string | null, readonly serviceId: string | null, readonly amount: bigint }
/** `after`: null from the start, else behind this cursor. A cursor that cannot be is answered with nothing. */
export interface DetailWindow { readonly after: string | null, readonly limit: number }

/** Movements of accounts, summed; `group` counts the months of the span from 0. Positive: debit. */
export interface Movement { readonly group: number, readonly account: LedgerAccount, readonly cause: LedgerCause, readonly debit: boolean, readonly amount: bigint }
export interface MethodMovement extends Omit<Movement, 'group'> { readonly gateway: string | null, readonly method: string | null, readonly number: number }
/** Which lines of the journal a number is made of. `gateway` and `method`: null asks for lines without one. */
export interface JournalFilter {
  readonly accounts: readonly LedgerAccount[], readonly causes?: readonly LedgerCause[], readonly except?: readonly LedgerCause[], readonly side?: 'debit' | 'credit'
  readonly gateway?: string | null, readonly method?: string | null, readonly clientId?: string, readonly start?: Date, readonly end: Date
}
export interface RevenueDetail extends SpreadLine, Omit<DetailRow, 'amount'> {}

export type AgeBucket = 'current' | 'days30' | 'days60' | 'days90' | 'older'
export type MrrChange = 'new' | 'expansion' | 'reactivation' | 'contraction' | 'churn'
export interface MrrMonth { readonly start: bigint, readonly new: bigint, readonly expansion: bigint, readonly reactivation: bigint, readonly contraction: bigint, readonly churn: bigint, readonly end: bigint, readonly clients: number }
export interface Cohort { readonly clients: number, readonly active: number, readonly revenue: bigint, /** Clients that were still paying so many months later. */ readonly kept: ReadonlyMap<number, number> }

/** Everything is read in the business zone; nothing here changes anything. */
export interface Reports {
  movements(months: readonly Month[], accounts: readonly LedgerAccount[]): Promise<Movement[]>
  movementsByMethod(span: Span): Promise<MethodMovement[]>
  journal(filter: JournalFilter, window: DetailWindow): Promise<DetailRow[]>
  /** Per month: what service lines earned in it, and what of them is still to be earned at its end. */
  earned(months: readonly Month[]): Promise<{ earned: bigint, deferred: bigint }[]>
  /** Lines that earn something in the month, or of which something is deferred at its end. */
  revenueLines(month: Month, what: 'earned' | 'deferred', window: DetailWindow): Promise<RevenueDetail[]>
  /** Per month: the tax base of the invoices that were issued in it. */
  taxBase(months: readonly Month[]): Promise<bigint[]>
  ageing(at: { readonly end: Date, readonly day: number }, window: TableWindow): Promise<TablePart>
  openInvoices(at: { readonly end: Date, readonly day: number }, filter: { readonly clientId?: string, readonly bucket?: AgeBucket, readonly due?: { readonly from: number | null, readonly until: number } }, window: DetailWindow): Promise<DetailRow[]>
  /** What open invoices ask for, by due day: before the first of the given days, then before each later one. What is due after the last is left out. */
  openByDue(at: { readonly end: Date, readonly day: number }, days: readonly number[]): Promise<bigint[]>
  credit(end: Date, window: TableWindow): Promise<TablePart>
  mrr(months: readonly Month[]): Promise<MrrMonth[]>
  mrrChanges(month: Month, what: MrrChange | 'end', window: DetailWindow): Promise<DetailRow[]>
  products(span: Span, before: Span, window: TableWindow): Promise<TablePart>
  productLines(productId: string, span: Span, window: DetailWindow): Promise<DetailRow[]>
  promos(span: Span, window: TableWindow): Promise<TablePart>
  promoLines(promoId: string, what: 'discount' | 'revenue' | 'renewals', span: Span, window: DetailWindow): Promise<DetailRow[]>
  /** `bounds[i + 1 + k]` is the end of the k-th month after the i-th one; only bounds that have passed are given. */
  cohorts(months: readonly Month[], bounds: readonly Date[], now: Date): Promise<Cohort[]>
  cohortClients(month: Month, window: DetailWindow): Promise<DetailRow[]>
}
export interface ReportsStores { readonly reports: Reports }

/** A renewal that the billing plan foresees if everybody pays in time. `net`: without PPN. */
export interface ForeseenRenewal { readonly serviceId: string, readonly hostname: string, readonly clientName: string, readonly dueAt: Date, readonly net: bigint }
/** The days of the business zone, as billing counts them. */
export interface Calendar { isoDay(at: Date): string, startOfDay(isoDay: string): Date }

/** A column of a file; `moment` is written as local time of the business zone. */
export interface SheetColumn { readonly label: string, readonly kind: 'text' | 'money' | 'number' | 'moment' }
export type SheetCell = string | bigint | number | Date | null
export interface Sheet { readonly title: string, readonly columns: readonly SheetColumn[], readonly rows: AsyncIterable<readonly SheetCell[]>, readonly locale: Locale, readonly zone: string }
/** Writes a sheet as a file, piece by piece: memory does not grow with the rows. */
export interface SheetWriter { readonly type: string, write(sheet: Sheet): AsyncIterable<Uint8Array> }

export interface ReportDeps extends ReportsStores {
  readonly clock: { now(): Date }, readonly calendar: Calendar, readonly zone: string, readonly computeTax: ComputeTax
  /** From billing: renewals that fall due by `until`, streamed. */
  readonly foreseeRenewals: (until: Date) => AsyncIterable<ForeseenRenewal>
}

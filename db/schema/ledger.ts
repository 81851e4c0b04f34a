import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { ledgerAccounts } from '#shared/vocabulary/billing.ts'
import type { LedgerAccount } from '#shared/vocabulary/billing.ts'
import { manualAccounts, manualEntryStatuses } from '#shared/vocabulary/ledger.ts'
import type { ManualAccount, ManualEntryStatus } from '#shared/vocabulary/ledger.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import { ledgerAudits } from './billing.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'
import { users } from './identity.ts'

/**
 * What Finance books by hand. `total` is the sum of its debits; above `approvalLimit` (the limit of that day) whoever wrote it cannot book it.
 * Only the decision is ever written into a row: what was proposed stays what it was (a trigger).
 */
export const manualEntries = pgTable('manual_entries', {
  id: id(), status: word<ManualEntryStatus>().notNull(), at: instant().notNull(), reason: text().notNull(), total: amount().notNull(), approvalLimit: amount().notNull(), currency: currency(), reverses: uuid().references((): AnyPgColumn => manualEntries.id),
  proposedBy: uuid().notNull().references(() => users.id), proposedAt: instant().notNull(), decidedBy: uuid().references(() => users.id), decidedAt: instant(), note: text(),
}, t => [
  knownCurrency('manual_entries', t.currency), check('manual_entries_status', oneOf(t.status, manualEntryStatuses)), check('manual_entries_total', sql`${t.total} > 0`),
  check('manual_entries_decided', sql`(${t.status} = 'proposed') = (${t.decidedBy} is null) and (${t.decidedBy} is null) = (${t.decidedAt} is null)`),
  check('manual_entries_second_person', sql`${t.status} <> 'booked' or ${t.total} <= ${t.approvalLimit} or ${t.decidedBy} <> ${t.proposedBy}`),
  uniqueIndex('manual_entries_reversed_once').on(t.reverses).where(sql`status <> 'rejected'`), index('manual_entries_proposed').on(t.proposedAt), index('manual_entries_status_proposed').on(t.status, t.proposedAt), index('manual_entries_waiting').on(t.at).where(sql`status = 'proposed'`),
])

/** Positive: debit. Negative: credit. Client credit names its client, money at a gateway its gateway. */
export const manualEntryLines = pgTable('manual_entry_lines', {
  entryId: uuid().notNull().references(() => manualEntries.id), position: integer().notNull(), account: word<ManualAccount>().notNull(), clientId: uuid().references(() => users.id), gateway: word<GatewayName>(), amount: amount().notNull(), currency: currency(),
}, t => [
  primaryKey({ columns: [t.entryId, t.position] }), knownCurrency('manual_entry_lines', t.currency), check('manual_entry_lines_account', oneOf(t.account, manualAccounts)), check('manual_entry_lines_not_zero', sql`${t.amount} <> 0`),
  check('manual_entry_lines_named', sql`(${t.account} <> 'client_credit' or ${t.clientId} is not null) and (${t.account} = 'gateway_clearing') = (${t.gateway} is not null)`),
])

/**
 * A month was closed: nothing dated before `endsAt` is booked any more, until it is reopened. Rows are only ever added; a month that was
 * reopened and closed again has two. `headSequence` is the end of the chain as the proof saw it that the closing relies on.
 */
export const closedPeriods = pgTable('closed_periods', {
  id: id(), month: text().notNull(), startsAt: instant().notNull(), endsAt: instant().notNull(), closedBy: uuid().notNull().references(() => users.id), closedAt: instant().notNull(), auditId: uuid().notNull().references(() => ledgerAudits.id), headSequence: bigint({ mode: 'number' }).notNull(),
}, t => [check('closed_periods_order', sql`${t.startsAt} < ${t.endsAt}`), check('closed_periods_over', sql`${t.endsAt} <= ${t.closedAt}`), index('closed_periods_end').on(t.endsAt)])

/** The last closed month was opened again, by somebody else than who closed it. */
export const reopenedPeriods = pgTable('reopened_periods', { periodId: uuid().primaryKey().references(() => closedPeriods.id), reason: text().notNull(), reopenedBy: uuid().notNull().references(() => users.id), reopenedAt: instant().notNull() })

/** The checkpoint: each account's debits and credits (negative) from the first entry until the end of the month. */
export const closedPeriodTotals = pgTable('closed_period_totals', {
  periodId: uuid().notNull().references(() => closedPeriods.id), account: word<LedgerAccount>().notNull(), currency: currency(), debit: amount().notNull(), credit: amount().notNull(),
}, t => [primaryKey({ columns: [t.periodId, t.account, t.currency] }), knownCurrency('closed_period_totals', t.currency), check('closed_period_totals_account', oneOf(t.account, ledgerAccounts)), check('closed_period_totals_signs', sql`${t.debit} >= 0 and ${t.credit} <= 0`)])

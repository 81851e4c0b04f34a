import type { LedgerAccount } from './billing.ts'

export const manualEntryStatuses = ['proposed', 'booked', 'rejected'] as const
export type ManualEntryStatus = typeof manualEntryStatuses[number]

/**
 * The accounts on which Finance books by hand. Not `receivable` and `deposits`: their lines belong to an invoice, whose state has to say
 * the same; invoices, payments and credit notes move them.
 */
export const manualAccounts = ['bank', 'gateway_clearing', 'client_credit', 'ppn_payable', 'revenue', 'late_fees', 'expenses', 'gateway_fees', 'bad_debt', 'write_off', 'equity', 'suspense'] as const satisfies readonly LedgerAccount[]
export type ManualAccount = typeof manualAccounts[number]

/** Why a month cannot be closed yet. */
export const closingBlockers = ['not_over', 'entries_waiting', 'not_proven', 'findings', 'booked_since'] as const
export type ClosingBlocker = typeof closingBlockers[number]

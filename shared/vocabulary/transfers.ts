/** Banks whose statements can be read. */
export const banks = ['BCA', 'Mandiri', 'BNI', 'BRI'] as const
export type BankName = typeof banks[number]

export const proofKinds = ['jpeg', 'png', 'pdf'] as const
export type ProofKind = typeof proofKinds[number]

/** `outgoing`: money that left; nothing is to be matched. */
export const bankLineStatuses = ['open', 'settled', 'ignored', 'outgoing'] as const
export type BankLineStatus = typeof bankLineStatuses[number]
/** What a line of a statement was used as; `recorded`: staff had booked that money by hand before. */
export const bankLineUses = ['transfer', 'invoice', 'credit', 'recorded'] as const
export type BankLineUse = typeof bankLineUses[number]

/** Why a match is suggested, the surest first. */
export const matchReasons = ['recorded', 'exact_code', 'late_code', 'number_and_amount', 'base_and_name', 'amount_and_name', 'number'] as const
export type MatchReason = typeof matchReasons[number]

export const rowProblemReasons = ['date', 'no_year', 'amount', 'fraction', 'no_amount', 'mark', 'pending', 'columns', 'currency'] as const
export type RowProblemReason = typeof rowProblemReasons[number]
/** A row of a statement that could not be read; `line` counts from 1, as an editor does. */
export interface RowProblem { readonly line: number, readonly reason: RowProblemReason, readonly text: string }

/** Deposits are numbered for themselves, so that the series of tax invoices stays without gap. */
export const depositSeries = 'DEP'
export const isDepositNumber = (number: string | null): boolean => number?.startsWith(`${depositSeries}-`) ?? false

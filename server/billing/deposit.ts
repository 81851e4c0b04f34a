import type { Invoice } from './ports.ts'

/** Stands where a tax rule does: no PPN is asked for, and none is printed. */
export const depositRule = 'deposit'
/** A deposit that is not paid so many days after it was due is void: nobody is reminded of it, nobody owes it. */
export const depositLapseDays = 3
/** More unpaid deposits than this at once are nobody's wish. */
export const openDepositLimit = 5

export const isDeposit = (invoice: Pick<Invoice, 'taxRule'>): boolean => invoice.taxRule === depositRule

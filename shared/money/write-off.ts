import { money } from './money.ts'

/** What one person may give up on an invoice: a bank's charge or a slip of the pen, not a discount. For more there is the credit note, which takes its PPN back. */
export const writeOffLimit = money(50_000n)

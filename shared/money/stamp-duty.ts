import type { Money } from './money.ts'

/** A document that states more than this needs an e-meterai of Rp 10.000 (UU 10/2020, art. 3 and 5). */
const stampDutyAbove = 5_000_000n
export const needsStampDuty = (total: Money): boolean => total.amount > stampDutyAbove

/**
 * A line of an invoice as it earns over its period. Days are numbered in the business zone. `from`: null while the period is unknown (a first
 * period begins when it is paid): nothing is earned yet. `to` equal to `from`: earned at once (setup fees, other work).
 */
export interface SpreadLine { readonly amount: bigint, readonly issued: number, readonly voided: number | null, readonly from: number | null, readonly to: number | null }

/**
 * What of a line was earned before a day begins: its amount by exact days, rounded towards zero. Nothing before it was invoiced, and nothing
 * once its invoice was voided. A month earns the difference of two of these, so that the months of a line add up to it to the Rupiah.
 */
export function earnedBefore({ amount, issued, voided, from, to }: SpreadLine, day: number): bigint {
  if (day <= issued || from === null || to === null || (voided !== null && day > voided)) return 0n
  const days = to - from
  if (days <= 0) return day > from ? amount : 0n
  return amount * BigInt(Math.min(Math.max(day - from, 0), days)) / BigInt(days)
}

/** What of a line was invoiced before a day begins, and not taken back by then. */
export const invoicedBefore = ({ amount, issued, voided }: SpreadLine, day: number): bigint => day > issued && (voided === null || day <= voided) ? amount : 0n

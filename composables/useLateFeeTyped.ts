import type { z } from 'zod'
import type { showTerms } from '#shared/contracts/terms.ts'

type LateFee = z.output<typeof showTerms.response>['house']['lateFee']
export interface LateFeeTyped { kind: LateFee['kind'], percent: string, amount: string, days: string }
export const lateFeeToType = (fee: LateFee): LateFeeTyped => ({ kind: fee.kind, percent: fee.kind === 'percent' ? String(fee.percent) : '', amount: fee.kind === 'none' ? '' : fee.kind === 'percent' ? fee.cap.amount : fee.amount.amount, days: fee.kind === 'none' ? '' : String(fee.days) })
export const lateFeeOfTyped = ({ kind, percent, amount, days }: LateFeeTyped) => {
  const rupiah = { amount: wholeOfTyped(amount), currency: 'IDR' as const }
  return kind === 'percent' ? { kind, percent, cap: rupiah, days } : kind === 'fixed' ? { kind, amount: rupiah, days } : { kind }
}

import { fraction } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BuyerFeeRule } from './gateway-ports.ts'

/** What a method costs its buyer on top of an amount, without PPN: the fixed sum and the share of the amount, whole Rupiah rounded down. */
export const buyerFeeOf = ({ fixed, basisPoints }: BuyerFeeRule, amount: Money): Money => ({ amount: fixed.amount + fraction(amount, BigInt(basisPoints), 10_000n).amount, currency: amount.currency })

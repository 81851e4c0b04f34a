import { fraction } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import type { BuyerFeeRule } from './gateway-ports.ts'

/** Bank Indonesia forbids merchants to ask more of who pays by QRIS. */
export const noBuyerFee: ReadonlySet<GatewayMethod> = new Set(['qris'])

/** What a method costs its buyer on top of an amount, without PPN: the fixed sum and the share of the amount, whole Rupiah rounded down. */
export const buyerFeeOf = ({ fixed, basisPoints }: BuyerFeeRule, amount: Money): Money => ({ amount: fixed.amount + fraction(amount, BigInt(basisPoints), 10_000n).amount, currency: amount.currency })

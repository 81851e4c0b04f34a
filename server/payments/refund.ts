import { add, compare, fraction, min, money, subtract, sum } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { PaymentMethod } from '#shared/vocabulary/payments.ts'
import type { GatewayRefundBar } from '#shared/vocabulary/refunds.ts'
import type { Payment } from './ports.ts'
import type { GatewayRefunds, GatewayReturn, Refund } from './refund-ports.ts'

const day = 86_400_000
/** Above this a second person decides. */
export const approvalAbove = money(5_000_000n)
/** An equal key may be sent again only this long; after it nothing more is asked, only read. */
const keyDays = 7

export const needsApproval = (amount: Money): boolean => compare(amount, approvalAbove) > 0
/** Letters that every gateway takes, and ours by sight. */
export const refundKeyOf = (refundId: string): string => `rf-${refundId.replaceAll('-', '')}`
export const keyIsUsable = (refund: Pick<Refund, 'sentAt'>, now: Date): boolean => refund.sentAt === null || now.getTime() - refund.sentAt.getTime() < keyDays * day

const counts = (refund: Pick<Refund, 'status'>) => refund.status !== 'failed' && refund.status !== 'reversed'
/** What of a payment was given back or is on its way. */
export const returnedOf = (refunds: readonly Refund[]): Money => sum(refunds.filter(counts).map(refund => refund.amount))
/** More went back, or is on its way, than was settled: a bank took money back that we had promised to give back. */
export const exceedsSettled = (settled: Money, refunds: readonly Refund[]): boolean => refunds.length > 0 && compare(returnedOf(refunds), settled) > 0
/** What of a settled payment can still be given back; never negative. */
export function refundable(settled: Money, refunds: readonly Refund[]): Money {
  const left = subtract(settled, returnedOf(refunds))
  return left.amount > 0n ? left : money(0n, settled.currency)
}

export interface GatewayRefundAbility { readonly possible: boolean, readonly until: Date | null, readonly bar: GatewayRefundBar | null }
/** Whether its gateway (as it is set up; undefined: none, or one that gives nothing back) can give a settled payment back now, and until when; else why not. */
export function gatewayRefundAbility(refunds: GatewayRefunds | undefined, payment: Payment & { readonly channel: PaymentMethod | null }, now: Date): GatewayRefundAbility {
  if (!refunds || payment.settledAt === null) return { possible: false, until: null, bar: 'no_gateway' }
  const days = refunds.days(payment.channel ?? payment.method)
  if (days === null) return { possible: false, until: null, bar: 'method' }
  const until = new Date(payment.settledAt.getTime() + days * day)
  return until > now ? { possible: true, until, bar: null } : { possible: false, until, bar: 'window' }
}

/** What one reported return makes of our rows. */
export type ReturnStep
  = { readonly act: 'confirm', readonly refund: Refund }
    | { readonly act: 'send', readonly refund: Refund }
    | { readonly act: 'refuse', readonly refund: Refund, readonly reason: string }
    | { readonly act: 'found', readonly reported: GatewayReturn }

/**
 * What the gateway's list of returns makes of what we know, matched by key. The same list again makes nothing. Answers `differs` when a
 * refund of ours is reported with another amount: a person must look at it.
 */
export function decideReturns(known: readonly Refund[], reported: readonly GatewayReturn[]): readonly ReturnStep[] | 'differs' {
  const steps: ReturnStep[] = []
  // Taken over from before refunds had keys: it stands for all that went back then.
  if (known.some(refund => refund.found && refund.refundKey === null)) return steps
  for (const item of reported) {
    const refund = known.find(candidate => candidate.refundKey === item.key)
    if (item.refused !== undefined) steps.push(...refuse(refund, item.refused))
    else if (!refund) steps.push({ act: 'found', reported: item })
    else if (compare(refund.amount, item.amount) !== 0) return 'differs'
    else if (refund.status === 'done' || refund.status === 'reversed') continue
    else if (item.confirmed) steps.push({ act: 'confirm', refund })
    else if (refund.status === 'requested') steps.push({ act: 'send', refund })
  }
  return steps
}

/** What did not go after all frees its amount; what nobody of ours asked for, and did not go, is nothing to us. */
const refuse = (refund: Refund | undefined, reason: string): readonly ReturnStep[] => refund?.status === 'requested' || refund?.status === 'pending' ? [{ act: 'refuse', refund, reason }] : []

/** Of all that went back, whether nothing of the settled amount is left. */
export const isWholeReturned = (settled: Money, refunds: readonly Refund[]): boolean => compare(sum(refunds.filter(refund => refund.status === 'done').map(refund => refund.amount)), settled) >= 0

/** The gateway's fee: a fixed amount and hundredths of a percent, rounded down once; never more than the payment. */
export const feeOf = (amount: Money, rule: { readonly fixed: Money, readonly basisPoints: number }): Money => min(amount, add(rule.fixed, fraction(amount, BigInt(rule.basisPoints), 10_000n)))

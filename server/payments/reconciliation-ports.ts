import type { Money } from '#shared/money/money.ts'
import type { GatewayName, PaymentMethod } from '#shared/vocabulary/payments.ts'
import type { ComparisonKind } from '#shared/vocabulary/refunds.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

export interface FeeRule { readonly gateway: GatewayName, readonly method: PaymentMethod, readonly fixed: Money, readonly basisPoints: number }
export interface StoredFeeRule extends FeeRule { readonly updatedAt: Date, readonly updatedByName: string }
export interface FeeRuleStore {
  list(): Promise<StoredFeeRule[]>
  /** The rule in force, or null: nothing is known about this method's fee. */
  find(gateway: GatewayName, method: PaymentMethod): Promise<FeeRule | null>
  /** Makes these the rules, all of them. */
  replace(rules: readonly FeeRule[], by: { readonly name: string, readonly at: Date }): Promise<void>
}

export interface Payout { readonly id: string, readonly gateway: GatewayName, readonly reference: string, readonly amount: Money, readonly fee: Money, readonly paidOn: Date, readonly recordedAt: Date, readonly recordedByName: string }
export interface PayoutStore {
  /** @throws AppError payout_known when this reference of the gateway is recorded already */
  insert(payout: Payout): Promise<void>
  list(page: PageRequest): Promise<Page<Payout>>
  /** What each gateway holds for us by our books. */
  clearing(): Promise<{ gateway: GatewayName, balance: Money }[]>
}

export interface ComparisonRun { readonly id: string, readonly requestedBy: string, readonly startedAt: Date, readonly finishedAt: Date | null, /** All settlements from here on are compared; see `comparedSpans`. */ readonly since: Date, readonly cursor: string | null, readonly checked: number, /** Could not be asked. */ readonly unasked: number }
export interface ComparisonItem { readonly id: string, readonly gateway: GatewayName, readonly paymentId: string, readonly kind: ComparisonKind, readonly ours: string, readonly theirs: string, readonly firstSeenAt: Date, readonly lastSeenAt: Date, readonly resolvedAt: Date | null, readonly acknowledgedAt: Date | null, readonly acknowledgedByName: string | null, readonly acknowledgedReason: string | null }
export interface ComparisonListItem extends ComparisonItem { readonly invoiceId: string, readonly invoiceNumber: string | null, readonly gatewayOrderId: string | null }
export interface Finding { readonly kind: ComparisonKind, readonly ours: string, readonly theirs: string }
/** From an instant up to another, which is not in it. */
export interface Span { readonly from: Date, readonly to: Date }
export interface ComparisonStore {
  startRun(run: ComparisonRun): Promise<void>
  findRun(id: string): Promise<ComparisonRun | null>
  lastRun(): Promise<ComparisonRun | null>
  unfinishedRun(): Promise<ComparisonRun | null>
  /** Moves a run on from where it stood; false when another worker did so before. */
  advance(id: string, step: { readonly from: string | null, readonly cursor: string, readonly checked: number, readonly unasked: number }): Promise<boolean>
  finishRun(id: string, at: Date): Promise<void>
  /** Payments at gateways that are settled or were, settled in any of the spans, in the order of their ids. */
  nextPayments(input: { readonly settled: readonly Span[], readonly after: string | null, readonly limit: number }): Promise<string[]>
  /** What is open for a payment becomes exactly this: known findings are seen again, others are resolved. */
  record(input: { readonly paymentId: string, readonly gateway: GatewayName, readonly findings: readonly Finding[], readonly at: Date, readonly newId: () => string }): Promise<void>
  /** What a payment moved on `gateway_clearing`, fees and payouts aside. */
  movedBy(paymentId: string): Promise<bigint>
  lockItem(id: string): Promise<ComparisonItem | null>
  acknowledge(id: string, by: { readonly name: string, readonly reason: string, readonly at: Date }): Promise<void>
  findListed(id: string): Promise<ComparisonListItem | null>
  list(filter: PageRequest & { readonly state?: 'open' | 'acknowledged' | 'resolved' | undefined }): Promise<Page<ComparisonListItem>>
}

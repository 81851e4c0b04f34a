import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { comparisonKinds, refundConsequences, refundKinds, refundStatuses } from '#shared/vocabulary/refunds.ts'
import type { ComparisonKind, RefundConsequence, RefundKind, RefundStatus } from '#shared/vocabulary/refunds.ts'
import { gateways, paymentMethods } from '#shared/vocabulary/payments.ts'
import type { GatewayName, PaymentMethod } from '#shared/vocabulary/payments.ts'
import { invoices } from './billing.ts'
import { users } from './identity.ts'
import { payments } from './payments.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'

/** Money that goes back, or went: one row each. `found`: made at the gateway, not by us. A trigger bounds those of one payment by what was settled. */
export const refunds = pgTable('refunds', {
  id: id(), paymentId: uuid().references(() => payments.id), invoiceId: uuid().references(() => invoices.id), clientId: uuid().notNull().references(() => users.id), kind: word<RefundKind>().notNull(), status: word<RefundStatus>().notNull(), consequence: word<RefundConsequence>().notNull(),
  amount: amount().notNull(), currency: currency(), refundKey: text(), found: boolean().notNull().default(false), reason: text().notNull(), reference: text(), paidOn: instant(),
  requestedBy: uuid(), requestedByName: text().notNull(), needsApproval: boolean().notNull().default(false), approvedBy: uuid(), approvedByName: text(), approvedAt: instant(),
  createdAt: instant().notNull(), sentAt: instant(), checkedAt: instant(), finishedAt: instant(), problem: text(), notedAt: instant(), notedByName: text(),
}, t => [
  knownCurrency('refunds', t.currency), check('refunds_kind', oneOf(t.kind, refundKinds)), check('refunds_status', oneOf(t.status, refundStatuses)), check('refunds_consequence', oneOf(t.consequence, refundConsequences)), check('refunds_amount', sql`${t.amount} > 0`),
  check('refunds_payment', sql`(${t.kind} = 'credit_payout') = (${t.paymentId} is null)`), check('refunds_transfer', sql`${t.kind} not in ('manual', 'credit_payout') or (${t.reference} is not null and ${t.paidOn} is not null)`),
  uniqueIndex('refunds_key').on(t.paymentId, t.refundKey), uniqueIndex('refunds_one_transfer').on(t.clientId, t.reference, t.amount, t.paidOn).where(sql`kind in ('manual','credit_payout') and status <> 'failed'`),
  index('refunds_invoice').on(t.invoiceId), index('refunds_created').on(t.createdAt), index('refunds_by_status').on(t.status, t.createdAt), index('refunds_client').on(t.clientId, t.createdAt),
])

/** What a gateway takes of each settled payment: a fixed amount and hundredths of a percent. */
export const gatewayFeeRules = pgTable('gateway_fee_rules', {
  gateway: word<GatewayName>().notNull(), method: word<PaymentMethod>().notNull(), fixed: amount().notNull(), currency: currency(), basisPoints: integer().notNull(), updatedAt: instant().notNull(), updatedByName: text().notNull(),
}, t => [knownCurrency('gateway_fee_rules', t.currency), primaryKey({ columns: [t.gateway, t.method] }), check('gateway_fee_rules_gateway', oneOf(t.gateway, gateways)), check('gateway_fee_rules_method', oneOf(t.method, paymentMethods)), check('gateway_fee_rules_range', sql`${t.fixed} >= 0 and ${t.basisPoints} between 0 and 10000`)])

/** What a gateway transferred to the bank account; once per reference. `fee`: what it kept beyond the fees booked with the settlements. */
export const gatewayPayouts = pgTable('gateway_payouts', {
  id: id(), gateway: word<GatewayName>().notNull(), reference: text().notNull(), amount: amount().notNull(), fee: amount().notNull(), currency: currency(), paidOn: instant().notNull(), recordedAt: instant().notNull(), recordedByName: text().notNull(),
}, t => [knownCurrency('gateway_payouts', t.currency), check('gateway_payouts_gateway', oneOf(t.gateway, gateways)), check('gateway_payouts_amount', sql`${t.amount} > 0 and ${t.fee} >= 0`), uniqueIndex('gateway_payouts_once').on(t.gateway, t.reference), index('gateway_payouts_recorded').on(t.recordedAt)])

/** One comparison of the last days with the gateways; goes on from `cursor` (the last payment looked at) after a crash. */
export const comparisonRuns = pgTable('comparison_runs', {
  id: id(), requestedBy: text().notNull(), startedAt: instant().notNull(), finishedAt: instant(), since: instant().notNull(), cursor: uuid(), checked: integer().notNull().default(0), unasked: integer().notNull().default(0),
}, t => [index('comparison_runs_started').on(t.startedAt)])

/** What did not match; open until a later comparison finds it right. Staff may acknowledge it with a reason. */
export const comparisonItems = pgTable('comparison_items', {
  id: id(), gateway: word<GatewayName>().notNull(), paymentId: uuid().notNull().references(() => payments.id), kind: word<ComparisonKind>().notNull(), ours: text().notNull(), theirs: text().notNull(), firstSeenAt: instant().notNull(), lastSeenAt: instant().notNull(), resolvedAt: instant(),
  acknowledgedAt: instant(), acknowledgedByName: text(), acknowledgedReason: text(),
}, t => [check('comparison_items_kind', oneOf(t.kind, comparisonKinds)), uniqueIndex('comparison_items_open').on(t.paymentId, t.kind).where(sql`resolved_at is null`), index('comparison_items_seen').on(t.firstSeenAt)])

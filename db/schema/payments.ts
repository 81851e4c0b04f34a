import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { gateways, paymentMethods, paymentStatuses, webhookStatuses } from '#shared/vocabulary/payments.ts'
import type { GatewayName, PaymentMethod, PaymentStatus, WebhookStatus } from '#shared/vocabulary/payments.ts'
import { invoices } from './billing.ts'
import { users } from './identity.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'

export interface StoredInstructions { vaNumber: string | null, bank: string | null, qrString: string | null, redirectUrl: string | null, token: string | null, billerCode?: string | null, billKey?: string | null, appUrl?: string | null }

/** One attempt to pay one invoice; live (created or pending) at most once per invoice. */
export const payments = pgTable('payments', {
  id: id(), invoiceId: uuid().notNull().references(() => invoices.id), clientId: uuid().notNull().references(() => users.id), gateway: word<GatewayName>(), method: word<PaymentMethod>().notNull(), /** What a payment page was paid with, as the gateway told. */ channel: word<PaymentMethod>(), status: word<PaymentStatus>().notNull(), gatewayOrderId: text(), gatewayTransactionId: text(),
  amount: amount().notNull(), /** What of the amount is the method's fee, PPN included, and the invoice that asks for it. */ fee: amount().notNull().default(sql`0`), feeInvoiceId: uuid().references(() => invoices.id), settledAmount: amount(), currency: currency(), instructions: jsonb().$type<StoredInstructions>(), reference: text(), createdAt: instant().notNull(), expiresAt: instant(), settledAt: instant(), checkedAt: instant(), problem: text(),
}, t => [
  knownCurrency('payments', t.currency), check('payments_gateway', oneOf(t.gateway, gateways)), check('payments_method', oneOf(t.method, paymentMethods)), check('payments_channel', oneOf(t.channel, paymentMethods)), check('payments_status', oneOf(t.status, paymentStatuses)), check('payments_amount', sql`${t.amount} > 0 and ${t.fee} >= 0 and ${t.fee} < ${t.amount}`),
  uniqueIndex('payments_gateway_order').on(t.gateway, t.gatewayOrderId), uniqueIndex('payments_gateway_transaction').on(t.gateway, t.gatewayTransactionId), uniqueIndex('payments_one_live').on(t.invoiceId).where(sql`status in ('created','pending')`),
  // Two open transfers never ask for the same amount: what reaches the bank says by itself which of them it is.
  uniqueIndex('payments_transfer_amount').on(t.amount, t.currency).where(sql`method = 'transfer' and status in ('created','pending')`),
  index('payments_bank_amount').on(t.amount).where(sql`method in ('transfer','manual')`),
  uniqueIndex('payments_one_transfer').on(t.clientId, t.reference, t.amount, t.createdAt).where(sql`method = 'manual'`),
  index('payments_invoice').on(t.invoiceId, t.createdAt), index('payments_open').on(t.status, t.checkedAt), index('payments_created').on(t.createdAt), index('payments_settled').on(t.settledAt),
])

/** The raw notification, stored before anything else. Equal deliveries share a row and count up. It waits for work while `verified`, after a failure until `dueAt`. */
export const webhooks = pgTable('webhooks', {
  id: id(), gateway: word<GatewayName>().notNull(), dedupeKey: text().notNull(), status: word<WebhookStatus>().notNull(), receivedAt: instant().notNull(), handledAt: instant(), orderId: text(), gatewayTransactionId: text(), event: text(), body: text().notNull(), headers: jsonb().$type<Record<string, string>>().notNull(), reason: text(), attempts: integer().notNull().default(0), dueAt: instant(), deliveries: integer().notNull().default(1),
}, t => [check('webhooks_gateway', oneOf(t.gateway, gateways)), check('webhooks_status', oneOf(t.status, webhookStatuses)), uniqueIndex('webhooks_dedupe').on(t.gateway, t.dedupeKey), index('webhooks_list').on(t.receivedAt), index('webhooks_status').on(t.status, t.receivedAt), index('webhooks_order').on(t.orderId), index('webhooks_waiting').on(t.receivedAt).where(sql`status in ('verified','received')`)])

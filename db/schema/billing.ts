import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { billingCycles, recurringCycles, cancelReasons, endReasons, invoiceLineKinds, invoiceStatuses, ledgerAccounts, ledgerCauses, orderStatuses, serviceStatuses, suspensionReasons } from '#shared/vocabulary/billing.ts'
import type { BillingCycle, RecurringCycle, CancelReason, EndReason, InvoiceLineKind, InvoiceStatus, LedgerAccount, LedgerCause, LedgerCheck, OrderStatus, ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import { products, promoCodes } from './catalog.ts'
import type { ProductSpec, StoredOption } from './catalog.ts'
import { promoKinds } from '#shared/vocabulary/catalog.ts'
import type { PromoKind } from '#shared/vocabulary/catalog.ts'
import { users } from './identity.ts'
import { templates } from './infrastructure.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'

export interface PartySnapshot { name: string, address: string, email: string | null, phone: string | null, npwp: string | null, nik: string | null }

export const orders = pgTable('orders', {
  id: id(), number: text().notNull().unique(), clientId: uuid().notNull().references(() => users.id), status: word<OrderStatus>().notNull(), placedAt: instant().notNull(), total: amount().notNull(), currency: currency(), promoCodes: jsonb().$type<string[]>().notNull().default([]),
}, t => [knownCurrency('orders', t.currency), check('orders_status', oneOf(t.status, orderStatuses)), index('orders_client').on(t.clientId, t.placedAt)])

/** The commercial side of what was sold. What was agreed is copied here: a later change of the product changes no sold service. */
export const services = pgTable('services', {
  id: id(), orderId: uuid().notNull().references(() => orders.id), clientId: uuid().notNull().references(() => users.id), productId: uuid().notNull().references(() => products.id), productName: text().notNull(), spec: jsonb().$type<ProductSpec>().notNull(), /** In the currency of the price; what they add to the machine is in `spec` already. */ options: jsonb().$type<StoredOption[]>().notNull().default([]),
  hostname: text().notNull(), templateId: uuid().references(() => templates.id), sshKey: text(), cycle: word<BillingCycle>().notNull(), price: amount().notNull(), currency: currency(),
  status: word<ServiceStatus>().notNull(), suspensionReason: word<SuspensionReason>(), suspensionNote: text(), endReason: word<EndReason>(), endedAt: instant(), cancelAtPeriodEnd: boolean().notNull().default(false), cancelReason: word<CancelReason>(), cancelNote: text(),
  /** The calendar day (business zone) whose number every later period starts on, so that a month's end never drifts. */
  anchorDay: integer(), holdUntil: instant(), holdReason: text(),
  /** Somebody entitled lifted the suspension: the machine may start, and its proof turns the service active. */
  resumeRequestedAt: instant(), createdAt: instant().notNull(),
  /** Announced prices reach it no sooner than this. */
  priceLockedUntil: instant(),
  /** Its trial, if it began with one, ends then: the first paid period begins. */
  trialEndsAt: instant(),
  /** Of what is paid once: since then it is delivered, and its price earned. */
  deliveredAt: instant(),
  /** A fixed term: no period begins then or later. `termPeriods` until the first paid one begins, which makes it a moment. */
  termPeriods: integer(), endsAt: instant(), /** Of the notices that a term ends, the last that went out: so many days ahead. */ endToldDays: integer(),
}, t => [
  knownCurrency('services', t.currency), check('services_status', oneOf(t.status, serviceStatuses)), check('services_cycle', oneOf(t.cycle, billingCycles)), check('services_suspension', oneOf(t.suspensionReason, suspensionReasons)), check('services_end', oneOf(t.endReason, endReasons)), check('services_cancel', oneOf(t.cancelReason, cancelReasons)),
  check('services_suspended_with_reason', sql`(${t.status} = 'suspended') = (${t.suspensionReason} is not null)`), check('services_ended_with_reason', sql`(${t.status} = 'ended') = (${t.endReason} is not null)`), check('services_price', sql`${t.price} >= 0`),
  check('services_term', sql`${t.termPeriods} between 1 and 120`), index('services_ends').on(t.endsAt).where(sql`ends_at is not null and status <> 'ended'`), index('services_client').on(t.clientId, t.createdAt), index('services_order').on(t.orderId), index('services_product').on(t.productId, t.status), index('services_status').on(t.status, t.id),
])

/** Entitlement: `paidUntil` is the greatest end of these. Nobody ever writes a due date. One period start per service, ever. */
export const paidPeriods = pgTable('paid_periods', {
  serviceId: uuid().notNull().references(() => services.id), periodStart: instant().notNull(), /** Null: paid once, for good. */ periodEnd: instant(), invoiceId: uuid().references(() => invoices.id), amount: amount().notNull(), currency: currency(), at: instant().notNull(),
}, t => [knownCurrency('paid_periods', t.currency), primaryKey({ columns: [t.serviceId, t.periodStart] }), check('paid_periods_order', sql`${t.periodStart} < ${t.periodEnd}`), index('paid_periods_end').on(t.serviceId, t.periodEnd)])

export const invoiceCounters = pgTable('invoice_counters', { series: text().notNull(), year: integer().notNull(), last: integer().notNull() }, t => [primaryKey({ columns: [t.series, t.year] })])

export const invoices = pgTable('invoices', {
  id: id(), clientId: uuid().notNull().references(() => users.id), orderId: uuid().references(() => orders.id), status: word<InvoiceStatus>().notNull(), series: text(), year: integer(), sequence: integer(), number: text().unique(),
  currency: currency(), subtotal: amount().notNull(), discount: amount().notNull(), taxable: amount().notNull(), dpp: amount().notNull(), tax: amount().notNull(), total: amount().notNull(), taxRule: text().notNull(),
  issuedAt: instant(), dueAt: instant(), paidAt: instant(), closedAt: instant(), closedReason: text(), /** A draft's days from issue to due. */ termDays: integer(), note: text(), /** Given by Coretax; seventeen digits. */ taxInvoiceNumber: text(), buyer: jsonb().$type<PartySnapshot>().notNull(), seller: jsonb().$type<PartySnapshot>().notNull(), createdAt: instant().notNull(),
}, t => [
  knownCurrency('invoices', t.currency), check('invoices_status', oneOf(t.status, invoiceStatuses)), check('invoices_sums', sql`${t.taxable} = ${t.subtotal} - ${t.discount} and ${t.total} = ${t.taxable} + ${t.tax} and ${t.total} >= 0`), check('invoices_number', sql`(${t.status} = 'draft') = (${t.number} is null)`),
  check('invoices_tax_number', sql`${t.taxInvoiceNumber} ~ '^[0-9]{17}$'`), uniqueIndex('invoices_tax_invoice').on(t.taxInvoiceNumber),
  uniqueIndex('invoices_sequence').on(t.series, t.year, t.sequence), index('invoices_client').on(t.clientId, t.createdAt), index('invoices_issued').on(t.issuedAt, t.id), index('invoices_due').on(t.status, t.dueAt), index('invoices_order').on(t.orderId),
])

export const invoiceLines = pgTable('invoice_lines', {
  id: id(), invoiceId: uuid().notNull().references(() => invoices.id), position: integer().notNull(), kind: word<InvoiceLineKind>().notNull(), description: text().notNull(), serviceId: uuid().references(() => services.id), periodStart: instant(), periodEnd: instant(), quantity: integer().notNull().default(1), amount: amount().notNull(), currency: currency(), /** The code that gave this discount. */ promoId: uuid().references(() => promoCodes.id),
}, t => [knownCurrency('invoice_lines', t.currency), check('invoice_lines_kind', oneOf(t.kind, invoiceLineKinds)), check('invoice_lines_quantity', sql`${t.quantity} > 0`), index('invoice_lines_invoice').on(t.invoiceId, t.position), index('invoice_lines_service').on(t.serviceId, t.periodStart), index('invoice_lines_promo').on(t.promoId, t.serviceId).where(sql`promo_id is not null`)])

/** What is taken off the renewals of a service: copied from a promo code when it was sold, so that a later change of a code changes no sold service, or given by staff. */
export const serviceDiscounts = pgTable('service_discounts', {
  id: uuid().primaryKey().defaultRandom(), serviceId: uuid().notNull().references(() => services.id), /** Null: staff gave it. */ promoId: uuid().references(() => promoCodes.id), label: text().notNull(), kind: word<PromoKind>().notNull(), /** Percent, or Rupiah for this service. */ value: amount().notNull(), currency: currency(), /** The first one counted; null: for good. */ periods: integer(), /** Taken off by staff: not for periods that begin then or later. */ endsAt: instant(),
}, t => [knownCurrency('service_discounts', t.currency), uniqueIndex('service_discounts_once').on(t.serviceId, t.promoId), index('service_discounts_service').on(t.serviceId), check('service_discounts_kind', oneOf(t.kind, promoKinds)), check('service_discounts_value', sql`${t.value} > 0 and (${t.kind} <> 'percent' or ${t.value} <= 100)`), check('service_discounts_periods', sql`${t.periods} > 1`)])

/** A new price for the existing services of a product and cycle. A job writes it to each of them, in the order of their ids up to `cursor`. */
export const priceAnnouncements = pgTable('price_announcements', {
  id: id(), productId: uuid().notNull().references(() => products.id), cycle: word<RecurringCycle>().notNull(), price: amount().notNull(), currency: currency(), effectiveFrom: instant().notNull(), createdAt: instant().notNull(), createdBy: uuid().notNull().references(() => users.id),
  cursor: uuid(), touched: integer().notNull().default(0), finishedAt: instant(), withdrawnAt: instant(),
}, t => [knownCurrency('price_announcements', t.currency), check('price_announcements_cycle', oneOf(t.cycle, recurringCycles)), check('price_announcements_price', sql`${t.price} >= 0`), index('price_announcements_product').on(t.productId, t.createdAt)])

/** The price of a service from a moment on, for periods that begin then or later: announced to all of a product, or set for it alone. */
export const servicePriceChanges = pgTable('service_price_changes', {
  id: id(), serviceId: uuid().notNull().references(() => services.id), announcementId: uuid().references(() => priceAnnouncements.id), oldPrice: amount().notNull(), price: amount().notNull(), currency: currency(), effectiveFrom: instant().notNull(), createdAt: instant().notNull(),
  /** It is the service's price since; until then it is pending. */
  appliedAt: instant(), withdrawnAt: instant(),
}, t => [knownCurrency('service_price_changes', t.currency), check('service_price_changes_price', sql`${t.price} >= 0`), uniqueIndex('service_price_changes_once').on(t.announcementId, t.serviceId), index('service_price_changes_pending').on(t.serviceId, t.effectiveFrom).where(sql`applied_at is null and withdrawn_at is null`)])

/** One trial per client and product, ever. */
export const trials = pgTable('trials', {
  clientId: uuid().notNull().references(() => users.id), productId: uuid().notNull().references(() => products.id), serviceId: uuid().notNull().references(() => services.id), startedAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.clientId, t.productId] }), uniqueIndex('trials_service').on(t.serviceId), index('trials_product').on(t.productId)])

/** One renewal invoice per (service, period start): the row is taken in the transaction that issues it. */
export const renewals = pgTable('renewals', {
  serviceId: uuid().notNull().references(() => services.id), periodStart: instant().notNull(), periodEnd: instant().notNull(), invoiceId: uuid().references(() => invoices.id),
}, t => [primaryKey({ columns: [t.serviceId, t.periodStart] }), index('renewals_invoice').on(t.invoiceId)])

/** A reminder or final notice that went out, once per step. */
export const dunningNotices = pgTable('dunning_notices', {
  invoiceId: uuid().notNull().references(() => invoices.id), serviceId: uuid().notNull().references(() => services.id), step: text().notNull(), at: instant().notNull(),
}, t => [primaryKey({ columns: [t.invoiceId, t.serviceId, t.step] })])

export const billingRuns = pgTable('billing_runs', {
  id: id(), at: instant().notNull(), startedAt: instant().notNull(), finishedAt: instant(), status: word<'running' | 'done' | 'stopped_by_brake' | 'failed'>().notNull(), actor: text().notNull(), done: integer().notNull().default(0), skipped: integer().notNull().default(0), failed: integer().notNull().default(0), brake: text(),
  /** Which installation on which database ran. */
  house: text(), /** Who let a mass termination pass, and waits for a second person. */ confirmedBy: uuid().references(() => users.id), confirmedTerminations: integer(),
}, t => [index('billing_runs_started').on(t.startedAt)])

/** Every change of every state, with its cause. `entity` is service, resource, invoice, payment or order. */
export const transitions = pgTable('transitions', {
  id: id(), entity: text().notNull(), entityId: uuid().notNull(), from: text().notNull(), to: text().notNull(), cause: text().notNull(), actor: text().notNull(), at: instant().notNull(),
}, t => [index('transitions_entity').on(t.entity, t.entityId, t.at)])

/** Double entry: the lines of an entry sum to zero per currency, checked by the database when the transaction commits. */
export const journalEntries = pgTable('journal_entries', {
  id: id(), cause: word<LedgerCause>().notNull(), causeId: text().notNull(), at: instant().notNull(), memo: text().notNull(), actor: text().notNull(),
}, t => [check('journal_entries_cause', oneOf(t.cause, ledgerCauses)), uniqueIndex('journal_entries_once').on(t.cause, t.causeId), index('journal_entries_at').on(t.at)])

/** The chain over the journal: each hash covers the one before and the entry with its lines, so that nothing sealed can be changed unseen. */
export const journalSeals = pgTable('journal_seals', {
  sequence: bigint({ mode: 'number' }).primaryKey(), entryId: uuid().notNull().references(() => journalEntries.id), hash: text().notNull(), sealedAt: instant().notNull(),
}, t => [uniqueIndex('journal_seals_entry').on(t.entryId)])

/** Finished self-audits. `head` is the end of the chain as this audit saw it: the next one finds it unchanged, or says so. */
export const ledgerAudits = pgTable('ledger_audits', {
  id: id(), startedAt: instant().notNull(), finishedAt: instant().notNull(), requestedBy: text().notNull(), entries: bigint({ mode: 'number' }).notNull(), headSequence: bigint({ mode: 'number' }).notNull(), headHash: text().notNull(), findings: jsonb().$type<{ check: LedgerCheck, subject: string, detail: string }[]>().notNull(),
}, t => [index('ledger_audits_finished').on(t.finishedAt)])

/** Positive: debit. Negative: credit. */
export const journalLines = pgTable('journal_lines', {
  entryId: uuid().notNull().references(() => journalEntries.id), position: integer().notNull(), account: word<LedgerAccount>().notNull(), clientId: uuid().references(() => users.id), invoiceId: uuid().references(() => invoices.id), gateway: text(), amount: amount().notNull(), currency: currency(),
}, t => [knownCurrency('journal_lines', t.currency), primaryKey({ columns: [t.entryId, t.position] }), check('journal_lines_account', oneOf(t.account, ledgerAccounts)), check('journal_lines_not_zero', sql`${t.amount} <> 0`), /* They hold the amount, so that a balance is read from the index alone. */ index('journal_lines_invoice').on(t.invoiceId, t.account, t.amount), index('journal_lines_client').on(t.clientId, t.account, t.amount), index('journal_lines_account').on(t.account)])

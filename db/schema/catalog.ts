import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { billingCycles } from '#shared/vocabulary/billing.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import { optionEffects, optionKinds, productKinds, productStatuses, promoKinds, promoRedemptionStatuses, promoTargets } from '#shared/vocabulary/catalog.ts'
import type { OptionEffect, OptionKind, ProductKind, ProductStatus, PromoKind, PromoRedemptionStatus, PromoTarget } from '#shared/vocabulary/catalog.ts'
import { placementPolicies, placesLimits } from '#shared/vocabulary/machines.ts'
import type { PlacementPolicy, PlacesLimit } from '#shared/vocabulary/machines.ts'
import type { TrafficTerms } from '#shared/vocabulary/traffic.ts'
import { users } from './identity.ts'
import { connections, templates } from './infrastructure.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'

export interface Localized { id: string, en: string }
export interface ProductSpec { cpuCores: number, ramMiB: number, diskGiB: number, rateMbps: number, /** Of hosting: the package on its servers, from which accounts are made. */ panelPackage?: string | undefined, /** Of services, by their options: IPv4 addresses beside the first. */ extraIpv4?: number | undefined, /** Included each month; absent: any amount. */ traffic?: TrafficTerms | undefined }

export const products = pgTable('products', {
  id: id(), slug: text().notNull().unique(), kind: word<ProductKind>().notNull(), name: text().notNull(), summary: jsonb().$type<Localized>().notNull(), description: jsonb().$type<Localized>().notNull(), spec: jsonb().$type<ProductSpec>().notNull(),
  status: word<ProductStatus>().notNull().default('draft'), featured: boolean().notNull().default(false), position: integer().notNull().default(100), stockLimit: integer(), /** Free days of the first order of a client; null: no trial. */ trialDays: integer(), /** A service of it ends by itself after so many paid periods; null: it renews until it is cancelled. */ fixedTermPeriods: integer(), /** Snapshots that a client may keep of a machine at a time; 0: none are offered. */ /** Its machines get IPv6 where their connection has a pool of it. */ ipv6: boolean().notNull().default(true), snapshotLimit: integer().notNull().default(2), /** Backups of a machine at a time; 0: none. */ backupsIncluded: integer().notNull().default(0), /** Its client may have them made every day or week. */ backupSchedule: boolean().notNull().default(false), /** Which node, or server, gets what is sold of it. */ placementPolicy: word<PlacementPolicy>().notNull().default('most_free'), /** Of a retired one: what visitors of its page are sent to. */ successorId: uuid().references((): AnyPgColumn => products.id, { onDelete: 'set null' }), createdAt: instant().notNull(), updatedAt: instant().notNull(),
}, t => [check('products_placement', oneOf(t.placementPolicy, placementPolicies)), check('products_kind', oneOf(t.kind, productKinds)), check('products_status', oneOf(t.status, productStatuses)), check('products_stock', sql`${t.stockLimit} >= 0`), check('products_trial', sql`${t.trialDays} between 3 and 90`), check('products_term', sql`${t.fixedTermPeriods} between 1 and 120`), check('products_snapshots', sql`${t.snapshotLimit} between 0 and 20`), check('products_backups', sql`${t.backupsIncluded} between 0 and 50 and (${t.backupsIncluded} > 0 or not ${t.backupSchedule})`), check('products_successor', sql`${t.successorId} is null or (${t.status} = 'retired' and ${t.successorId} <> ${t.id})`), index('products_list').on(t.kind, t.status, t.position)])

/** How many more of a product can be sold, as it was last counted; one row each. `places` null: no end of them is known. */
export const productStock = pgTable('product_stock', {
  productId: uuid().primaryKey().references(() => products.id, { onDelete: 'cascade' }), places: integer(), /** False: a connection did not tell, so there may be more. */ complete: boolean().notNull(), limitedBy: word<PlacesLimit>(), countedAt: instant().notNull(),
}, t => [check('product_stock_places', sql`${t.places} >= 0`), check('product_stock_limited', oneOf(t.limitedBy, placesLimits))])

export const productTemplates = pgTable('product_templates', {
  productId: uuid().notNull().references(() => products.id, { onDelete: 'cascade' }), templateId: uuid().notNull().references(() => templates.id),
}, t => [primaryKey({ columns: [t.productId, t.templateId] }), index('product_templates_template').on(t.templateId)])

export const productConnections = pgTable('product_connections', {
  productId: uuid().notNull().references(() => products.id, { onDelete: 'cascade' }), connectionId: uuid().notNull().references(() => connections.id),
}, t => [primaryKey({ columns: [t.productId, t.connectionId] }), index('product_connections_connection').on(t.connectionId)])

/** Rows are only added: the price of a cycle at a moment is its newest row that is effective by then. */
export const productPrices = pgTable('product_prices', {
  id: id(), productId: uuid().notNull().references(() => products.id, { onDelete: 'cascade' }), cycle: word<BillingCycle>().notNull(), price: amount().notNull(), setup: amount().notNull(), currency: currency(), effectiveFrom: instant().notNull(), createdAt: instant().notNull(), createdBy: uuid().references(() => users.id),
}, t => [check('product_prices_cycle', oneOf(t.cycle, billingCycles)), check('product_prices_amounts', sql`${t.price} >= 0 and ${t.setup} >= 0`), knownCurrency('product_prices', t.currency), index('product_prices_current').on(t.productId, t.cycle, t.effectiveFrom)])

/** What a product costs us a month, from a day on (of one that is paid once: what one sale costs); rows are only added, of one day the newest counts. */
export const productCosts = pgTable('product_costs', {
  id: id(), productId: uuid().notNull().references(() => products.id, { onDelete: 'cascade' }), monthly: amount().notNull(), currency: currency(), effectiveFrom: instant().notNull(), createdAt: instant().notNull(), createdBy: uuid().references(() => users.id),
}, t => [check('product_costs_amount', sql`${t.monthly} >= 0`), knownCurrency('product_costs', t.currency), index('product_costs_current').on(t.productId, t.effectiveFrom, t.id)])

/** What a buyer can choose beside a product. One that was sold is never deleted, only retired: services keep what was agreed as a copy. */
export const productOptions = pgTable('product_options', {
  id: id(), productId: uuid().notNull().references(() => products.id, { onDelete: 'cascade' }), key: text().notNull(), kind: word<OptionKind>().notNull(), label: jsonb().$type<Localized>().notNull(), /** Of a number. */ min: integer().notNull().default(0), max: integer().notNull().default(1), step: integer().notNull().default(1),
  effect: word<OptionEffect>().notNull().default('none'), /** Per unit; a choice has its own. */ effectAmount: integer().notNull().default(0), position: integer().notNull().default(100), active: boolean().notNull().default(true), createdAt: instant().notNull(),
}, t => [check('product_options_kind', oneOf(t.kind, optionKinds)), check('product_options_effect', oneOf(t.effect, optionEffects)), check('product_options_bounds', sql`${t.min} >= 0 and ${t.max} >= ${t.min} and ${t.step} >= 1 and ${t.effectAmount} >= 0`), uniqueIndex('product_options_key').on(t.productId, t.key)])

export const productOptionChoices = pgTable('product_option_choices', {
  id: id(), optionId: uuid().notNull().references(() => productOptions.id, { onDelete: 'cascade' }), key: text().notNull(), label: jsonb().$type<Localized>().notNull(), effectAmount: integer().notNull().default(0), position: integer().notNull().default(100), active: boolean().notNull().default(true),
}, t => [check('product_option_choices_effect', sql`${t.effectAmount} >= 0`), uniqueIndex('product_option_choices_key').on(t.optionId, t.key)])

/** Rows are only added, as with products: per unit of the option, or for a choice of it. */
export const productOptionPrices = pgTable('product_option_prices', {
  id: id(), optionId: uuid().notNull().references(() => productOptions.id, { onDelete: 'cascade' }), choiceId: uuid().references(() => productOptionChoices.id, { onDelete: 'cascade' }), cycle: word<BillingCycle>().notNull(), price: amount().notNull(), setup: amount().notNull(), currency: currency(), effectiveFrom: instant().notNull(), createdAt: instant().notNull(), createdBy: uuid().references(() => users.id),
}, t => [check('product_option_prices_cycle', oneOf(t.cycle, billingCycles)), check('product_option_prices_amounts', sql`${t.price} >= 0 and ${t.setup} >= 0`), knownCurrency('product_option_prices', t.currency), index('product_option_prices_current').on(t.optionId, t.choiceId, t.cycle, t.effectiveFrom)])

/** What was sold of an option, as it is kept with its service: `price` is that of the whole period. */
export interface StoredOption { optionId: string, choiceId: string | null, key: string, choiceKey: string | null, kind: OptionKind, label: Localized, choiceLabel: Localized | null, quantity: number, effect: OptionEffect, effectAmount: number, price: string }

export const promoCodes = pgTable('promo_codes', {
  id: id(), code: text().notNull(), kind: word<PromoKind>().notNull(), value: amount().notNull(), currency: currency(), active: boolean().notNull().default(true), startsAt: instant(), endsAt: instant(), maxRedemptions: integer(),
  /** What it takes something off, and for how many periods, the first one counted (null: for good). */
  appliesTo: word<PromoTarget>().notNull().default('recurring'), periods: integer().default(1),
  /** Uses of one client; null: no limit. */
  maxPerClient: integer().default(1), newClientsOnly: boolean().notNull().default(false), minimumOrder: amount(), /** May stand beside other combinable codes in one order. */ combinable: boolean().notNull().default(false),
  productIds: jsonb().$type<string[]>().notNull().default([]), cycles: jsonb().$type<BillingCycle[]>().notNull().default([]), createdAt: instant().notNull(),
}, t => [uniqueIndex('promo_codes_code').on(sql`upper(${t.code})`), knownCurrency('promo_codes', t.currency), check('promo_codes_kind', oneOf(t.kind, promoKinds)), check('promo_codes_value', sql`${t.value} > 0 and (${t.kind} <> 'percent' or ${t.value} <= 100)`), check('promo_codes_target', oneOf(t.appliesTo, promoTargets)), check('promo_codes_periods', sql`${t.periods} >= 1 and (${t.appliesTo} <> 'setup' or coalesce(${t.periods}, 0) = 1)`), check('promo_codes_limits', sql`${t.maxPerClient} >= 1 and ${t.minimumOrder} > 0`)])

/** Reserved at order, committed at payment, released when the order lapses. `use` numbers a client's uses of a code from 1: one number is held once, however many orders come at once. */
export const promoRedemptions = pgTable('promo_redemptions', {
  id: id(), promoId: uuid().notNull().references(() => promoCodes.id), clientId: uuid().notNull().references(() => users.id), orderId: uuid().notNull(), use: integer().notNull(), status: word<PromoRedemptionStatus>().notNull(), at: instant().notNull(),
}, t => [check('promo_redemptions_status', oneOf(t.status, promoRedemptionStatuses)), uniqueIndex('promo_redemptions_order').on(t.promoId, t.orderId), uniqueIndex('promo_redemptions_once').on(t.promoId, t.clientId, t.use).where(sql`status <> 'released'`)])

export const tlds = pgTable('tlds', {
  suffix: text().primaryKey(), register: amount().notNull(), renew: amount().notNull(), currency: currency(), requirement: jsonb().$type<Localized>(), position: integer().notNull().default(100), active: boolean().notNull().default(true),
}, t => [knownCurrency('tlds', t.currency), check('tlds_amounts', sql`${t.register} >= 0 and ${t.renew} >= 0`)])

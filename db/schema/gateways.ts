import { sql } from 'drizzle-orm'
import { boolean, check, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { gatewayMethods, gateways } from '#shared/vocabulary/payments.ts'
import type { GatewayMethod, GatewayName } from '#shared/vocabulary/payments.ts'
import { amount, currency, instant, knownCurrency, oneOf, word } from './columns.ts'

/** What staff set for a gateway; no row: nothing. Credentials are sealed texts. */
export const gatewaySettings = pgTable('gateway_settings', {
  gateway: word<GatewayName>().primaryKey(), pausedReason: text(), pausedAt: instant(), apiKey: text(), notificationSecret: text(), changedAt: instant(),
}, t => [check('gateway_settings_gateway', oneOf(t.gateway, gateways)), check('gateway_settings_pause', sql`(${t.pausedReason} is null) = (${t.pausedAt} is null)`)])

/** Which methods are offered, in which order and for which amounts. */
export const methodSettings = pgTable('payment_method_settings', {
  method: word<GatewayMethod>().primaryKey(), position: integer().notNull(), active: boolean().notNull(), minimum: amount(), maximum: amount(), currency: currency(), /** What the buyer pays on top, without PPN; a share in hundredths of a percent. */ buyerFeeFixed: amount().notNull().default(sql`0`), buyerFeeBasisPoints: integer().notNull().default(0), changedAt: instant().notNull(),
}, t => [check('payment_method_settings_method', oneOf(t.method, gatewayMethods)), check('payment_method_settings_bounds', sql`${t.minimum} >= 0 and ${t.maximum} >= coalesce(${t.minimum}, 0)`), check('payment_method_settings_buyer_fee', sql`${t.buyerFeeFixed} >= 0 and ${t.buyerFeeBasisPoints} between 0 and 1000`), knownCurrency('payment_method_settings', t.currency)])

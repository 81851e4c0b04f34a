import { asc, eq, sql } from 'drizzle-orm'
import { money, zero } from '#shared/money/money.ts'
import { gatewayMethods, gateways } from '#shared/vocabulary/payments.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { GatewayRecord, GatewaySettingsStore, MethodRule } from '#server/payments/gateway-ports.ts'
import type { Executor } from '../client.ts'
import { gatewaySettings, methodSettings } from '../schema/index.ts'

type Row = typeof gatewaySettings.$inferSelect
const toRecord = (gateway: GatewayName, row: Row | undefined): GatewayRecord => ({ gateway, pausedReason: row?.pausedReason ?? null, pausedAt: row?.pausedAt ?? null, sealed: { apiKey: row?.apiKey ?? null, notificationSecret: row?.notificationSecret ?? null } })

const store = (db: Executor): GatewaySettingsStore => ({
  async list() {
    const rows = await db.select().from(gatewaySettings)
    return gateways.map(gateway => toRecord(gateway, rows.find(row => row.gateway === gateway)))
  },
  async lock(gateway) {
    await db.insert(gatewaySettings).values({ gateway }).onConflictDoNothing()
    const [row] = await db.select().from(gatewaySettings).where(eq(gatewaySettings.gateway, gateway)).for('update')
    return toRecord(gateway, row)
  },
  async save({ gateway, pausedReason, pausedAt, sealed }, at) {
    await db.update(gatewaySettings).set({ pausedReason, pausedAt, ...sealed, changedAt: at }).where(eq(gatewaySettings.gateway, gateway))
  },
  async rules() {
    const rows = await db.select().from(methodSettings).orderBy(asc(methodSettings.position))
    const known = rows.map((row): MethodRule => ({ method: row.method, active: row.active, minimum: row.minimum === null ? null : money(row.minimum, row.currency), maximum: row.maximum === null ? null : money(row.maximum, row.currency), buyerFee: { fixed: money(row.buyerFeeFixed, row.currency), basisPoints: row.buyerFeeBasisPoints } }))
    return [...known, ...gatewayMethods.filter(method => !rows.some(row => row.method === method)).map((method): MethodRule => ({ method, active: true, minimum: null, maximum: null, buyerFee: { fixed: zero(), basisPoints: 0 } }))]
  },
  async saveRules(rules, at) {
    await db.insert(methodSettings)
      .values(rules.map(({ method, active, minimum, maximum, buyerFee }, position) => ({ method, position, active, minimum: minimum?.amount ?? null, maximum: maximum?.amount ?? null, currency: (minimum ?? maximum)?.currency ?? 'IDR' as const, buyerFeeFixed: buyerFee.fixed.amount, buyerFeeBasisPoints: buyerFee.basisPoints, changedAt: at })))
      .onConflictDoUpdate({ target: methodSettings.method, set: { position: sql`excluded.position`, active: sql`excluded.active`, minimum: sql`excluded.minimum`, maximum: sql`excluded.maximum`, currency: sql`excluded.currency`, buyerFeeFixed: sql`excluded.buyer_fee_fixed`, buyerFeeBasisPoints: sql`excluded.buyer_fee_basis_points`, changedAt: sql`excluded.changed_at` } })
  },
})

export const gatewayStores = (db: Executor) => ({ gatewaySettings: store(db) })

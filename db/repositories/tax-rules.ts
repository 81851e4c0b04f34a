import { asc, sql } from 'drizzle-orm'
import type { SellerTaxStatus, TaxRuleStore } from '#server/billing/tax-book.ts'
import type { Executor } from '../client.ts'
import { sellerTaxStatuses, taxRules } from '../schema/index.ts'

export const taxRuleStores = (db: Executor): { taxRules: TaxRuleStore } => ({
  taxRules: {
    async load() {
      const rules = await db.select().from(taxRules).orderBy(asc(taxRules.from), asc(taxRules.createdAt), asc(taxRules.name)).limit(500)
      const statuses = await db.select().from(sellerTaxStatuses).orderBy(asc(sellerTaxStatuses.from), asc(sellerTaxStatuses.createdAt), asc(sellerTaxStatuses.id)).limit(500)
      return { rules: rules.map(rule => ({ ...rule, ratePercent: BigInt(rule.ratePercent), dppNumerator: BigInt(rule.dppNumerator), dppDenominator: BigInt(rule.dppDenominator) })), statuses }
    },
    async addRule({ ratePercent, dppNumerator, dppDenominator, ...rule }) {
      const added = await db.insert(taxRules).values({ ...rule, ratePercent: Number(ratePercent), dppNumerator: Number(dppNumerator), dppDenominator: Number(dppDenominator) }).onConflictDoNothing().returning({ name: taxRules.name })
      return added.length > 0
    },
    async addStatus(status) {
      await db.insert(sellerTaxStatuses).values(status)
    },
    // One statement: processes that start at the same time both write the same, and either is the house's setting.
    async addFirstStatus({ id, pkp, from, reason, actor, createdAt }: SellerTaxStatus) {
      await db.execute(sql`insert into seller_tax_statuses (id, pkp, "from", reason, actor, created_at) select ${id}::uuid, ${pkp}::boolean, ${from.toISOString()}::timestamptz, ${reason}::text, ${actor}::text, ${createdAt.toISOString()}::timestamptz where not exists (select 1 from seller_tax_statuses)`)
    },
  },
})

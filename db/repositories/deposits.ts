import { and, asc, desc, eq, lt, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import { depositRule } from '#server/billing/deposit.ts'
import type { DepositStore } from '#server/billing/deposit-ports.ts'
import type { Executor } from '../client.ts'
import { depositTargets, invoices, journalLines } from '../schema/index.ts'

const deposits = (db: Executor): DepositStore => ({
  async held(invoiceId) {
    const [row] = await db.select({ held: sql<string>`coalesce(-sum(${journalLines.amount}), 0)::text` }).from(journalLines).where(and(eq(journalLines.invoiceId, invoiceId), eq(journalLines.account, 'deposits')))
    return BigInt(row?.held ?? '0')
  },
  async addTargets(depositId, targets) {
    if (targets.length > 0) await db.insert(depositTargets).values(targets.map(({ invoiceId, amount }, index) => ({ depositId, position: index + 1, invoiceId, amount: amount.amount, currency: amount.currency })))
  },
  async targetsOf(depositId) {
    const rows = await db.select().from(depositTargets).where(eq(depositTargets.depositId, depositId)).orderBy(asc(depositTargets.position))
    return rows.map(row => ({ invoiceId: row.invoiceId, amount: money(row.amount, row.currency) }))
  },
  async openOf(clientId, limit) {
    const rows = await db.select({ id: invoices.id }).from(invoices).where(and(eq(invoices.clientId, clientId), eq(invoices.status, 'issued'), eq(invoices.taxRule, depositRule))).orderBy(desc(invoices.createdAt), desc(invoices.id)).limit(limit)
    return rows.map(row => row.id)
  },
  async listLapsed({ dueBefore, limit }) {
    const rows = await db.select({ id: invoices.id }).from(invoices).where(and(eq(invoices.status, 'issued'), eq(invoices.taxRule, depositRule), lt(invoices.dueAt, dueBefore))).orderBy(asc(invoices.dueAt), asc(invoices.id)).limit(limit)
    return rows.map(row => row.id)
  },
})

export const depositStores = (db: Executor) => ({ deposits: deposits(db) })

import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { alignmentTransitions, initialAlignmentStatus } from '#server/billing/alignment-lifecycle.ts'
import { changeTransitions, initialChangeStatus } from '#server/billing/change-lifecycle.ts'
import { initialInvoiceStatus, invoiceTransitions } from '#server/billing/invoice-lifecycle.ts'
import { initialManualEntryStatus, manualEntryTransitions } from '#server/billing/manual-entry-lifecycle.ts'
import { initialOrderStatus, orderTransitions } from '#server/billing/order-lifecycle.ts'
import { initialServiceStatus, serviceTransitions } from '#server/billing/service-lifecycle.ts'
import { initialPaymentStatus, paymentTransitions } from '#server/payments/payment-lifecycle.ts'
import { initialRefundStatus, refundTransitions } from '#server/payments/refund-lifecycle.ts'
import { resourceTransitions } from '#server/provisioning/resource-lifecycle.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'

const lifecycles: [string, string, Readonly<Record<string, readonly string[]>>][] = [
  ['service', initialServiceStatus, serviceTransitions], ['invoice', initialInvoiceStatus, invoiceTransitions], ['order', initialOrderStatus, orderTransitions], ['payment', initialPaymentStatus, paymentTransitions], ['refund', initialRefundStatus, refundTransitions], ['resource', 'none', resourceTransitions],
  ['manual_entry', initialManualEntryStatus, manualEntryTransitions], ['change', initialChangeStatus, changeTransitions], ['alignment', initialAlignmentStatus, alignmentTransitions],
]

describe.each(databaseKinds())('transition tables on %s', (kind) => {
  let test: TestApp
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())

  it.each(lifecycles)('the table of %s is what the database enforces', async (entity, _, table) => {
    const found = await test.app.core.database.executor.execute(sql`select "from", "to" from allowed_transitions where entity = ${entity}`)
    const enforced = (found as unknown as { rows: { from: string, to: string }[] }).rows.map(row => `${row.from} → ${row.to}`).sort()
    expect(Object.entries(table).flatMap(([from, all]) => all.map(to => `${from} → ${to}`)).sort()).toEqual(enforced)
  })

  it.each(lifecycles)('every state of %s can be reached', (_, initial, table) => {
    const seen = new Set([initial])
    for (const state of seen) for (const next of table[state] ?? []) seen.add(next)
    expect([...seen].sort()).toEqual(Object.keys(table).sort())
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { inBatches, planActions } from '#server/billing/plan-actions.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import type { SubscriptionStore } from '#server/billing/ports.ts'
import type { CalendarFacts, PlannedAction } from '#server/billing/service-plan.ts'

const now = new Date('2026-11-23T03:00:00Z')
const rules = { policy: defaultPolicy, calendar: businessCalendar('Asia/Jakarta') }
const facts = (n: number): CalendarFacts => ({
  serviceId: String(n).padStart(6, '0'), clientId: 'c', orderId: 'o', hostname: 'a', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'monthly', price: money(1), anchorDay: 1, discounts: [], priceChanges: [], periodsPaid: 1, cancelAtPeriodEnd: false, holdUntil: null, paidUntil: now, renewalIssued: false, invoice: null, terms: null,
})

describe('planning', () => {
  it('holds one page in memory: the next is read when the one before is worked through, and every service comes once', async () => {
    const asked: (string | null)[] = []
    const subscriptions = {
      widestTerms: async () => ({ renewalLeadDays: 0, earliestReminder: 0 }),
      candidates: async ({ after, limit }: { after: string | null, limit: number }) => {
        asked.push(after)
        const from = after === null ? 1 : Number(after) + 1
        return Array.from({ length: Math.max(0, Math.min(limit, 1234 - from)) }, (_, i) => facts(from + i))
      },
    } as unknown as SubscriptionStore
    const seen: string[] = []
    for await (const action of planActions({ subscriptions }, rules, now)) {
      seen.push(action.serviceId)
      expect(asked.length).toBe(Math.ceil(seen.length / 500))
    }
    expect(seen).toHaveLength(1233)
    expect(new Set(seen).size).toBe(1233)
  })
})

describe('what is done together', () => {
  const action = (serviceId: string, kind: PlannedAction['kind']): PlannedAction => ({ key: `${kind}:${serviceId}`, kind, serviceId, hostname: '', clientName: '', invoiceId: null, invoiceNumber: null, amount: null, dueSince: now, reason: { code: 'renewal_lead', days: 14, at: now }, held: false, steps: [] })
  const kinds = ['issue_renewal_invoice', 'send_reminder', 'suspend'] as const

  it('is renewals only, never more than the limit, every action once, and the actions of one service stay in their order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.uniqueArray(fc.constantFrom(...kinds), { minLength: 1 }), { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), async (services, limit) => {
      const planned = services.flatMap((own, n) => kinds.filter(kind => own.includes(kind)).map(kind => action(String(n).padStart(3, '0'), kind)))
      const batches: PlannedAction[][] = []
      for await (const batch of inBatches((async function* () {
        yield* planned
      })(), limit)) batches.push(batch)
      for (const batch of batches) expect(batch.length === 1 || (batch.length <= limit && batch.every(one => one.kind === 'issue_renewal_invoice'))).toBe(true)
      const done = batches.flat()
      expect(done.map(one => one.key).sort()).toEqual(planned.map(one => one.key).sort())
      for (const [, own] of Map.groupBy(done, one => one.serviceId)) expect(own.map(one => one.kind)).toEqual(kinds.filter(kind => own.some(one => one.kind === kind)))
    }))
  })
})

import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { planActions } from '#server/billing/plan-actions.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import type { SubscriptionStore } from '#server/billing/ports.ts'
import type { CalendarFacts } from '#server/billing/service-plan.ts'

const now = new Date('2026-11-23T03:00:00Z')
const rules = { policy: defaultPolicy, calendar: businessCalendar('Asia/Jakarta') }
const facts = (n: number): CalendarFacts => ({
  serviceId: String(n).padStart(6, '0'), clientId: 'c', orderId: 'o', hostname: 'a', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'monthly', price: money(1), anchorDay: 1, discounts: [], priceChanges: [], periodsPaid: 1, cancelAtPeriodEnd: false, holdUntil: null, paidUntil: now, renewalIssued: false, invoice: null,
})

describe('planning', () => {
  it('holds one page in memory: the next is read when the one before is worked through, and every service comes once', async () => {
    const asked: (string | null)[] = []
    const subscriptions = {
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

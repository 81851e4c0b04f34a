import type { BillingStores } from './ports.ts'
import { planService } from './service-plan.ts'
import type { CalendarFacts, PlannedAction, PlanRules } from './service-plan.ts'

const pageSize = 500

/**
 * Services on which the calendar could act by `until`, one page in memory at a time, in the order of their ids. The query finds a superset
 * (by the end of what is paid, by what is due); the plan decides.
 */
export async function* candidates(stores: Pick<BillingStores, 'subscriptions'>, { policy, calendar }: PlanRules, now: Date, until: Date): AsyncGenerator<CalendarFacts> {
  const earliest = Math.min(...policy.reminderDays, ...policy.orderReminderDays)
  const horizon = { now, renewBefore: calendar.shiftDays(until, policy.renewalLeadDays), dueBefore: calendar.shiftDays(until, -earliest), limit: pageSize }
  for (let after: string | null = null; ;) {
    const page: CalendarFacts[] = await stores.subscriptions.candidates({ ...horizon, after })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < pageSize) return
    after = last.serviceId
  }
}

/** Everything that is to be done at this moment, streamed. */
export async function* planActions(stores: Pick<BillingStores, 'subscriptions'>, rules: PlanRules, now: Date): AsyncGenerator<PlannedAction> {
  for await (const facts of candidates(stores, rules, now, now)) yield* planService(facts, rules, now)
}

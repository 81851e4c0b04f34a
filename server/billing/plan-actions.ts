import type { BillingStores } from './ports.ts'
import { freeRunAfter } from './free-days.ts'
import { planService } from './service-plan.ts'
import type { CalendarFacts, PlannedAction, PlanRules } from './service-plan.ts'

const pageSize = 500
/** Services of one client, of one product, or of both. */
export interface PlanScope { readonly clientId?: string | undefined, readonly productId?: string | undefined }

/**
 * Services on which the calendar could act by `until`, one page in memory at a time, in the order of their ids. The query finds a superset
 * (by the end of what is paid, by what is due, as far as any terms reach); the plan decides by each one's own.
 */
export async function* candidates(stores: Pick<BillingStores, 'subscriptions'>, { policy, calendar, freeDays }: PlanRules, now: Date, until: Date, only: PlanScope = {}): AsyncGenerator<CalendarFacts> {
  const widest = await stores.subscriptions.widestTerms()
  const earliest = Math.min(...policy.reminderDays, ...policy.orderReminderDays, widest.earliestReminder)
  const horizon = { now, renewBefore: calendar.shiftDays(until, Math.max(policy.renewalLeadDays, widest.renewalLeadDays)), dueBefore: calendar.shiftDays(until, -earliest + freeRunAfter(until, calendar, freeDays)), limit: pageSize, ...only }
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

/** What is done together: renewals up to `limit` of them, everything else alone; the actions of one service stay in their order. */
export async function* inBatches(actions: AsyncIterable<PlannedAction>, limit: number): AsyncGenerator<PlannedAction[]> {
  let renewals: PlannedAction[] = []
  for await (const action of actions) {
    const renewal = action.kind === 'issue_renewal_invoice'
    // A service's renewal is planned before its dunning, and nothing else of it lies between.
    const full = renewals.length >= limit || (!renewal && renewals.at(-1)?.serviceId === action.serviceId)
    if (full) {
      yield renewals
      renewals = []
    }
    if (renewal) renewals.push(action)
    else yield [action]
  }
  if (renewals.length > 0) yield renewals
}

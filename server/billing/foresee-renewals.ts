import { isZero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { monthsOf } from '#shared/vocabulary/billing.ts'
import { candidates } from './plan-actions.ts'
import type { BillingStores } from './ports.ts'
import { renewalPrice } from './renewal-price.ts'
import { planService, renewalDueAt, renewalInvoiceAt } from './service-plan.ts'
import type { CalendarFacts, PlanRules } from './service-plan.ts'
import { rulesFor } from './terms.ts'

/** A renewal that will fall due; `price` is without PPN. */
export interface ForeseenRenewal { readonly serviceId: string, readonly hostname: string, readonly clientName: string, readonly dueAt: Date, readonly price: Money }

const latest = (...moments: readonly (Date | null)[]) => new Date(Math.max(...moments.map(moment => moment?.getTime() ?? 0)))
/** The facts once the period that begins at `paidUntil` is paid, too. */
const after = (facts: CalendarFacts, paidUntil: Date, { calendar }: PlanRules): CalendarFacts => ({ ...facts, setups: [], periodsPaid: facts.periodsPaid + 1, paidUntil: calendar.periodEnd(paidUntil, monthsOf(facts.cycle), facts.anchorDay ?? calendar.dayOf(paidUntil).day) })

/**
 * The renewals of one service that fall due by `until`, by the very plan that issues them, if everything is paid in time: the opposite of
 * `foresee`, which nobody pays. What is invoiced already is left out: it is an open invoice. Holds are waited for, free periods cost nothing.
 */
export function* renewalsOf(start: CalendarFacts, house: PlanRules, now: Date, until: Date): Generator<ForeseenRenewal> {
  if (!start.paidUntil) return
  const rules = rulesFor(start.terms, house)
  const open: CalendarFacts = { ...start, invoice: null, renewalIssued: false }
  let facts = start.renewalIssued ? after(open, start.paidUntil, rules) : open
  for (;;) {
    const issueAt = renewalInvoiceAt(facts, rules)
    if (!issueAt || !facts.paidUntil) return
    const at = latest(now, issueAt, facts.holdUntil)
    const dueAt = renewalDueAt(facts.paidUntil, at, rules, facts.trialEndsAt)
    if (dueAt > until || !planService(facts, rules, at).some(action => action.kind === 'issue_renewal_invoice')) return
    const { net } = renewalPrice(facts, facts.paidUntil)
    if (!isZero(net)) yield { serviceId: facts.serviceId, hostname: facts.hostname, clientName: facts.clientName, dueAt, price: net }
    facts = after(facts, facts.paidUntil, rules)
  }
}

/** Those of all services, one page of them in memory at a time. */
export const foreseeRenewals = (deps: { readonly read: Pick<BillingStores, 'subscriptions'>, readonly rules: PlanRules, readonly clock: { now(): Date } }) => async function* (until: Date): AsyncGenerator<ForeseenRenewal> {
  const now = deps.clock.now()
  for await (const facts of candidates(deps.read, deps.rules, now, until)) yield* renewalsOf(facts, deps.rules, now, until)
}

import { isZero } from '#shared/money/money.ts'
import { isRecurring, monthsOf } from '#shared/vocabulary/billing.ts'
import { renewalPrice } from './renewal-price.ts'
import { finalNoticeStep, noticeWaits, planService, renewalDueAt, renewalInvoiceAt, scheduleOf } from './service-plan.ts'
import type { CalendarFacts, PlannedAction, PlanRules } from './service-plan.ts'
import { rulesFor } from './terms.ts'

/** Stands for an invoice that does not exist yet in a look ahead. */
export const upcomingInvoice = 'upcoming'

/** What the facts of a service are after an action was done at a moment, if nobody pays. The pure twin of `executeAction`. */
export function applyAction(facts: CalendarFacts, action: PlannedAction, at: Date, rules: PlanRules): CalendarFacts {
  const noticed = (final: Date | null) => facts.invoice && { ...facts, invoice: { ...facts.invoice, noticed: [...facts.invoice.noticed, ...action.steps], finalNoticeAt: final ?? facts.invoice.finalNoticeAt } }
  switch (action.kind) {
    case 'issue_renewal_invoice': return applyRenewal(facts, at, rules)
    case 'send_reminder': return noticed(null) ?? facts
    case 'send_final_notice': return noticed(action.steps.includes(finalNoticeStep) ? at : null) ?? facts
    case 'mark_past_due': return { ...facts, status: 'past_due' }
    case 'charge_late_fee': return { ...facts, invoice: facts.invoice && { ...facts.invoice, feeCharged: true } }
    case 'suspend': return { ...facts, status: 'suspended', suspensionReason: 'nonpayment' }
    case 'terminate': case 'end_at_period_end': case 'expire_order': return { ...facts, status: 'ended', suspensionReason: null, invoice: null }
  }
}

/** A look ahead supposes that the mail server takes what waits for it. */
const letterLeaves = (facts: CalendarFacts, at: Date): CalendarFacts => facts.invoice && noticeWaits(facts.invoice) ? { ...facts, invoice: { ...facts.invoice, finalNoticeAt: at } } : facts

function applyRenewal(facts: CalendarFacts, at: Date, rules: PlanRules): CalendarFacts {
  if (!facts.paidUntil) return facts
  const { net } = renewalPrice(facts, facts.paidUntil)
  // What costs nothing is paid at once.
  if (isZero(net)) return { ...facts, periodsPaid: facts.periodsPaid + 1, paidUntil: rules.calendar.periodEnd(facts.paidUntil, monthsOf(facts.cycle), facts.anchorDay ?? rules.calendar.dayOf(facts.paidUntil).day) }
  const invoice = facts.invoice ?? { invoiceId: upcomingInvoice, number: '', issuedAt: at, dueAt: renewalDueAt(facts.paidUntil, at, rules, facts.trialEndsAt), outstanding: rules.withTax?.(net, at) ?? net, noticed: [], finalNoticeAt: null, paymentUnderWay: false }
  return { ...facts, renewalIssued: true, invoice, setups: [] }
}

/** What the facts of a service are once everything that it owes is paid at this moment: as settlements make them, its machine proven to run. */
export function paidNow(facts: CalendarFacts, now: Date, { calendar }: PlanRules): CalendarFacts {
  if (!facts.invoice || facts.status === 'ended') return facts
  const lifted = facts.status === 'past_due' || facts.status === 'pending' || (facts.status === 'suspended' && facts.suspensionReason === 'nonpayment')
  const anchorDay = facts.anchorDay ?? calendar.dayOf(facts.paidUntil ?? now).day
  // A first invoice begins the first period; a renewal is the period that follows.
  const begins = facts.paidUntil === null ? now : facts.renewalIssued ? facts.paidUntil : null
  return {
    ...facts, ...(lifted ? { status: 'active' as const, suspensionReason: null } : {}), invoice: null, anchorDay, renewalIssued: false,
    ...(!isRecurring(facts.cycle) ? { forGood: true } : begins ? { paidUntil: calendar.periodEnd(begins, monthsOf(facts.cycle), anchorDay), periodsPaid: facts.periodsPaid + 1 } : {}),
  }
}

/** Moments at which the plan of a service can change, as far as the facts say now. */
function moments(facts: CalendarFacts, house: PlanRules): Date[] {
  const rules = rulesFor(facts.terms, house)
  const { invoice } = facts
  const schedule = invoice && scheduleOf(invoice, facts.status === 'pending', rules)
  const frozenUntil = (since: Date) => new Date(since.getTime() + rules.policy.freezeHours * 3_600_000)
  return [
    renewalInvoiceAt(facts, rules), facts.paidUntil, facts.holdUntil,
    ...(invoice && schedule ? [...schedule.reminders.map(step => step.at), invoice.dueAt, schedule.finalNoticeAt, schedule.suspendAt, schedule.terminateAt, schedule.lateFeeAt, ...[invoice.dueAt, schedule.suspendAt, schedule.terminateAt].map(frozenUntil)] : []),
  ].filter(moment => moment !== null)
}

/** An action, and the moment at which a run would find it to be done. */
export interface Foreseen { readonly action: PlannedAction, readonly at: Date }

/**
 * What the calendar will have done by `until`, in order, if nobody pays and nothing is changed. For a moment that is not in the future this
 * is simply the plan of that moment. Bounded: a service yields a few dozen actions per year looked ahead.
 */
export const foresee = (start: CalendarFacts, rules: PlanRules, now: Date, until: Date): PlannedAction[] => foreseeMoments(start, rules, now, until).map(({ action }) => action)

/** The same, with the moment of each. */
export function foreseeMoments(start: CalendarFacts, rules: PlanRules, now: Date, until: Date): Foreseen[] {
  if (until <= now) return planService(start, rules, until).map(action => ({ action, at: until }))
  const found = new Map<string, Foreseen>()
  let facts = start
  let at = now
  for (let turn = 0; turn < 1000; turn += 1) {
    const fresh = planService(facts, rules, at).filter(action => !found.has(action.key))
    for (const action of fresh) {
      found.set(action.key, { action, at })
      if (!action.held) facts = applyAction(facts, action, at, rules)
    }
    if (fresh.some(action => !action.held)) continue
    facts = letterLeaves(facts, at)
    const next = moments(facts, rules).filter(moment => moment > at && moment <= until).sort((a, b) => a.getTime() - b.getTime())[0]
    if (!next) break
    at = next
  }
  return [...found.values()].sort((a, b) => a.action.dueSince.getTime() - b.action.dueSince.getTime())
}

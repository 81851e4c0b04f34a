import { AppError, fieldError } from '#shared/errors/codes.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import { billingActionKinds } from '#shared/vocabulary/billing.ts'
import type { BillingActionKind } from '#shared/vocabulary/billing.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Brake } from './brake.ts'
import { foresee, paidNow, upcomingInvoice } from './foresight.ts'
import { candidates } from './plan-actions.ts'
import type { PlanScope } from './plan-actions.ts'
import { confirmedSince, houseOf, judgeRun } from './run-billing.ts'
import type { RunDeps } from './run-billing.ts'
import type { CalendarFacts, PlannedAction, Reason } from './service-plan.ts'

export interface PlanQuery extends PlanScope { readonly at?: Date | undefined, readonly kind?: BillingActionKind | undefined, readonly page: number, readonly pageSize: number, readonly locale: Locale }
/** In days. What lies further ahead is guesswork, and costs time for every service. */
const longestLookAhead = 400
export type DescribeReason = (reason: Reason, locale: Locale) => string

/** Counts and sums by kind; an invoice with several services is summed up once. */
function totals() {
  const none = <T>(value: T) => Object.fromEntries(billingActionKinds.map(word => [word, value])) as Record<BillingActionKind, T>
  const [counts, sums, seen] = [none(0), none(0n), new Set<string>()]
  return {
    counts,
    sums: () => Object.fromEntries(billingActionKinds.map(word => [word, toMoneyJson(money(sums[word]))])) as Record<BillingActionKind, ReturnType<typeof toMoneyJson>>,
    add({ kind, invoiceId, amount }: PlannedAction) {
      counts[kind] += 1
      const of = invoiceId && invoiceId !== upcomingInvoice ? `${kind} ${invoiceId}` : null
      if (amount && !(of && seen.has(of))) sums[kind] += amount.amount
      if (of) seen.add(of)
    },
  }
}

/**
 * What the calendar would do now, or will have done by a moment in the future if nobody pays; counted whole; in memory are one page and the ids of invoices that were summed up.
 * The brake is what a run now would meet; a part of the plan has none, for nothing runs a part. @throws AppError invalid_input when the moment is more than 400 days ahead
 */
export const showPlan = (deps: RunDeps & { readonly describeReason: DescribeReason }) => async ({ at, kind, clientId, productId, page, pageSize, locale }: PlanQuery) => {
  const now = deps.clock.now()
  const until = at ?? now
  if (until > deps.rules.calendar.shiftDays(now, longestLookAhead)) throw fieldError('at', 'date_too_far')
  const whole = totals()
  const items: PlannedAction[] = []
  const destructive = { suspend: 0, terminate: 0 }
  let total = 0
  for await (const facts of candidates(deps.read, deps.rules, now, until, { clientId, productId })) {
    for (const planned of foresee(facts, deps.rules, now, until)) {
      const action = withTax(planned, deps, now)
      whole.add(action)
      if (!action.held && (action.kind === 'suspend' || action.kind === 'terminate')) destructive[action.kind] += 1
      if (kind && action.kind !== kind) continue
      if (total >= (page - 1) * pageSize && items.length < pageSize) items.push(action)
      total += 1
    }
  }
  const brake = until > now || clientId || productId ? null : await judgeRun(deps, { counts: destructive, house: await houseOf(deps), now })
  return { at: until.toISOString(), items: items.map(action => view(action, deps.describeReason(action.reason, locale))), total, page, pageSize, counts: whole.counts, sums: whole.sums(), brake, confirmed: await confirmedBy(deps, brake, now) }
}

/** A renewal is planned without PPN; people are told what its invoice will ask. */
export const withTax = (action: PlannedAction, deps: Pick<RunDeps, 'computeTax'>, now: Date): PlannedAction => action.kind !== 'issue_renewal_invoice' || !action.amount ? action : { ...action, amount: deps.computeTax(action.amount, action.dueSince > now ? action.dueSince : now).total }
const daysExplained = 60

/**
 * One service: what the calendar does now and in the next sixty days if nobody pays, and what instead if all that is open is paid now; by the
 * very plan that a run goes by. @throws AppError not_found
 */
export const explainService = (deps: Pick<RunDeps, 'read' | 'rules' | 'clock'> & { readonly describeReason: DescribeReason }) => async ({ serviceId, locale }: { readonly serviceId: string, readonly locale: Locale }) => {
  const facts = await deps.read.subscriptions.factsOf(serviceId)
  if (!facts) throw new AppError('not_found')
  const now = deps.clock.now()
  const ahead = (from: CalendarFacts) => foresee(from, deps.rules, now, deps.rules.calendar.shiftDays(now, daysExplained)).map(action => view(action, deps.describeReason(action.reason, locale)))
  return {
    serviceId, hostname: facts.hostname, clientName: facts.clientName, status: facts.status, holdUntil: facts.holdUntil?.toISOString() ?? null, paidUntil: facts.paidUntil?.toISOString() ?? null,
    outstanding: facts.invoice && toMoneyJson(facts.invoice.outstanding), unpaid: ahead(facts), paid: facts.invoice ? ahead(paidNow(facts, now, deps.rules)) : null,
  }
}

/** Who let this mass termination pass already, and waits for a second person. */
async function confirmedBy({ read }: RunDeps, brake: Brake | null, now: Date) {
  const first = brake?.kind === 'mass_termination' ? await read.billingRuns.confirmation(confirmedSince(now)) : null
  return first && { userId: first.userId, name: first.name, at: first.at.toISOString(), terminations: first.terminations }
}

const view = ({ key, kind, serviceId, hostname, clientName, invoiceId, invoiceNumber, amount, dueSince, held }: PlannedAction, reason: string) => ({
  key, kind, serviceId, hostname, clientName, invoiceId: invoiceId === upcomingInvoice ? null : invoiceId, invoiceNumber: invoiceNumber || null, amount: amount && toMoneyJson(amount), dueSince: dueSince.toISOString(), reason, held,
})

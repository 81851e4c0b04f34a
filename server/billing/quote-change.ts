import type { ErrorCode } from '#shared/errors/codes.ts'
import { add, isNegative, money, sum } from '#shared/money/money.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { ChangeQuote, ChangeSubject, ChangeSubjectRow, ServiceChange, ServiceTerms, SetupCharge } from './change-ports.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'
import { chargeOf, dayNumberOf } from './proration.ts'
import { periodPriceAfter } from '#shared/options/sold-options.ts'

const refusals: Record<ServiceStatus, ErrorCode | null> = { pending: 'service_not_ready', active: null, past_due: 'renewal_open', suspended: 'service_suspended', ended: 'service_not_ready' }

/** Why a service takes no change now; null: it does. One function for the page and for the act. */
export function refusalOf(subject: ChangeSubjectRow, open: ServiceChange | null, now: Date): ErrorCode | null {
  if (!isRecurring(subject.terms.cycle)) return 'paid_once'
  const refused = refusals[subject.status]
  if (refused) return refused
  if (subject.cancelAtPeriodEnd) return 'service_cancelled'
  // Its days cost nothing: there is no price to reckon a difference from.
  if (subject.trialEndsAt && subject.trialEndsAt > now) return 'trial_running'
  if (open) return 'change_open'
  return subject.machine?.status === 'ready' ? null : 'service_not_ready'
}

/** A service with all that a change has to look at; null: none, or not this client's. `lock`: inside a transaction, its open invoices and then its row are locked. */
export const findChangeSubject = (deps: BillingDeps) => async (stores: BillingStores, { serviceId, clientId, lock }: { readonly serviceId: string, readonly clientId: string | null, readonly lock: boolean }): Promise<ChangeSubject | null> => {
  // Invoices before services, as everywhere: the renewal that waits may be written anew.
  if (lock) await stores.invoices.lockOpenOfService(serviceId)
  const row = await stores.changes.subject(serviceId, { lock, now: deps.clock.now() })
  if (!row || (clientId !== null && row.clientId !== clientId)) return null
  const open = await stores.changes.openOf(serviceId)
  return { ...row, open, refusal: refusalOf(row, open, deps.clock.now()) ?? (await stores.alignments.openOf(serviceId) ? 'alignment_open' : null), periods: await stores.changes.livePeriods(serviceId, deps.clock.now()) }
}

/**
 * What a change to other terms costs if it is made now, by exact days of the business zone, today included; each paid period that is not
 * over counts by itself. Set-up fees of what is added come on top, whole. Null: for one of them it would cost less than before. Nothing is given back: that change begins with a renewal.
 */
export const quoteChange = (deps: BillingDeps) => (subject: ChangeSubject, to: ServiceTerms, setups: readonly SetupCharge[] = []): ChangeQuote | null => {
  const now = deps.clock.now()
  const day = (at: Date) => dayNumberOf(deps.rules.calendar.isoDay(at))
  const charges = subject.periods.map(({ periodStart, periodEnd, price: paid }) => {
    // A period shorter than a day is that day's.
    const from = day(periodStart)
    const { days, ...charge } = chargeOf({ days: { from, to: Math.max(day(periodEnd), from + 1) }, price: paid }, periodPriceAfter({ from: subject.terms, to }, paid), day(now))
    return { ...charge, days: days.to - days.from, periodStart: periodStart > now ? periodStart : now, periodEnd }
  })
  if (charges.length === 0 || charges.some(charge => isNegative(charge.net))) return null
  const of = (name: 'credit' | 'charge' | 'net') => sum(charges.map(charge => charge[name]), to.price.currency)
  const setup = sum(setups.map(({ amount }) => amount), to.price.currency)
  const net = add(of('net'), setup)
  return { charges, credit: of('credit'), charge: of('charge'), setup, net, figures: net.amount === 0n ? { ...deps.computeTax(net, now), total: money(0n, net.currency) } : deps.computeTax(net, now) }
}

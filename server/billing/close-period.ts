import { AppError } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { ClosingBlocker } from '#shared/vocabulary/ledger.ts'
import type { PageRequest, Transact } from '../kernel/ports.ts'
import type { StaffActor } from './book-manual-entry.ts'
import type { BusinessCalendar } from './business-calendar.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores, LedgerAudit } from './ports.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores> }
interface NextPeriod { readonly month: string, readonly startsAt: Date, readonly endsAt: Date, readonly after: string | null, readonly proof: LedgerAudit | null, readonly blockers: readonly ClosingBlocker[] }

/** The month (business zone) that an instant lies in: its name, its beginning and the beginning of the next one. */
export function monthOf(calendar: BusinessCalendar, at: Date) {
  const { year, month } = calendar.dayOf(at)
  const name = (y: number, m: number) => `${y}-${String(m).padStart(2, '0')}`
  const next = month === 12 ? name(year + 1, 1) : name(year, month + 1)
  return { month: name(year, month), startsAt: calendar.startOfDay(`${name(year, month)}-01`), endsAt: calendar.startOfDay(`${next}-01`) }
}

/** The month that can be closed next, and what stands in the way; null while nothing was ever booked. */
async function nextPeriod({ clock, rules: { calendar } }: Pick<Deps, 'clock' | 'rules'>, stores: BillingStores): Promise<NextPeriod | null> {
  const last = await stores.periods.lastClosed()
  const from = last?.endsAt ?? await stores.periods.firstEntryAt()
  if (!from) return null
  const period = { ...monthOf(calendar, from), after: last?.id ?? null }
  if (period.endsAt > clock.now()) return { ...period, proof: null, blockers: ['not_over'] }
  const proof = await stores.ledgerAudits.last()
  const { waiting, bookedSince } = await stores.periods.evidence({ startsAt: period.startsAt, endsAt: period.endsAt, headSequence: proof?.headSequence ?? 0 })
  const blockers: ClosingBlocker[] = waiting > 0 ? ['entries_waiting'] : []
  if (!proof || proof.startedAt < period.endsAt) blockers.push('not_proven')
  else if (proof.findings.length > 0) blockers.push('findings')
  else if (bookedSince) blockers.push('booked_since')
  return { ...period, proof, blockers }
}

/**
 * Closes the next month: afterwards nothing dated in it is booked any more, and its totals are kept. Bookings wait for the moment that it takes.
 * @throws AppError conflict (another month is next), period_not_ready (it is not over, or the ledger has not proven it since: see `nextPeriod`)
 */
export const closePeriod = (deps: Deps) => ({ month, actor }: { readonly month: string, readonly actor: StaffActor }): Promise<void> =>
  deps.transact(async (stores) => {
    await stores.periods.lock()
    const next = await nextPeriod(deps, stores)
    if (next?.month !== month) throw new AppError('conflict')
    if (!next.proof || next.blockers.length > 0) throw new AppError('period_not_ready')
    const id = deps.newId()
    const { startsAt, endsAt, after, proof } = next
    await stores.periods.close({ id, month, startsAt, endsAt, after, closedBy: actor.id, closedAt: deps.clock.now(), auditId: proof.id, headSequence: proof.headSequence })
    await auditStaff(stores, { actor, action: 'ledger.close_period', entity: 'accounting_period', entityId: id, after: { month, auditId: proof.id } })
    hint(stores, 'billing', id)
  })

/** Opens the last closed month again; its totals count no more. @throws AppError conflict (another one is the last), second_person_required (whoever closed it) */
export const reopenPeriod = (deps: Deps) => ({ periodId, reason, actor }: { readonly periodId: string, readonly reason: string, readonly actor: StaffActor }): Promise<void> =>
  deps.transact(async (stores) => {
    await stores.periods.lock()
    const last = await stores.periods.lastClosed()
    if (last?.id !== periodId) throw new AppError('conflict')
    if (last.closedBy === actor.id) throw new AppError('second_person_required')
    await stores.periods.reopen({ periodId, reason, reopenedBy: actor.id, reopenedAt: deps.clock.now() })
    await auditStaff(stores, { actor, action: 'ledger.reopen_period', entity: 'accounting_period', entityId: periodId, before: { month: last.month, closedBy: last.closedBy }, after: { reason } })
    hint(stores, 'billing', periodId)
  })

/** Closings, newest first (also those that were reopened), and the month that comes next. */
export const listPeriods = (deps: Deps & { readonly read: BillingStores }) => async (query: PageRequest) => {
  const page = await deps.read.periods.list(query)
  const [next, last] = [await nextPeriod(deps, deps.read), await deps.read.periods.lastClosed()]
  return {
    ...page, next: next && { month: next.month, blockers: [...next.blockers] }, lastClosedId: last?.id ?? null,
    items: page.items.map(({ id, month, closedBy, closedAt, reopened, totals }) => ({
      id, month, closedBy, closedAt: closedAt.toISOString(), reopened: reopened && { ...reopened, at: reopened.at.toISOString() },
      totals: totals.map(({ account, debit, credit }) => ({ account, debit: toMoneyJson(debit), credit: toMoneyJson(credit), balance: toMoneyJson({ ...debit, amount: debit.amount + credit.amount }) })),
    })),
  }
}

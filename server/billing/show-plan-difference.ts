import { toMoneyJson } from '#shared/money/money.ts'
import { billingActionKinds, planChanges } from '#shared/vocabulary/billing.ts'
import type { BillingActionKind, PlanChangeKind } from '#shared/vocabulary/billing.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { foreseeMoments } from './foresight.ts'
import { candidates } from './plan-actions.ts'
import type { PlanScope } from './plan-actions.ts'
import { comparePlans } from './plan-difference.ts'
import type { PlanDifference } from './plan-difference.ts'
import { toPlanEntries, withInvoice } from './plan-entry.ts'
import type { PlanEntry } from './plan-entry.ts'
import type { InvoiceEvidence, PlanCursor, PlanSnapshot, RenewalEvidence } from './plan-snapshot-ports.ts'
import { explainDifference } from './plan-why.ts'
import type { PlanEvidence, PlanWhy } from './plan-why.ts'
import type { RunDeps } from './run-billing.ts'
import type { CalendarFacts } from './service-plan.ts'
import { withTax } from './show-plan.ts'

type DifferenceDeps = Pick<RunDeps, 'read' | 'rules' | 'clock' | 'computeTax'> & { readonly describeWhy: (why: PlanWhy, locale: Locale) => string }
export interface DifferenceQuery extends PlanScope { readonly at?: Date | undefined, readonly change?: PlanChangeKind | undefined, readonly kind?: BillingActionKind | undefined, readonly page: number, readonly pageSize: number, readonly locale: Locale }

/** One service in both plans, in the order of ids. */
interface Pair { readonly serviceId: string, readonly facts: CalendarFacts | null, readonly before: readonly PlanEntry[] }
interface Explained extends PlanDifference { readonly why: PlanWhy, readonly evidence: PlanEvidence }
const pageOfEntries = 2000
const pairsAtOnce = 500

/** What was kept, service by service; one page in memory. */
async function* keptPlans({ read }: DifferenceDeps, snapshotId: string, scope: PlanScope): AsyncGenerator<PlanEntry[]> {
  let group: PlanEntry[] = []
  for (let after: PlanCursor | null = null; ;) {
    const page: PlanEntry[] = await read.planSnapshots.page({ snapshotId, after, limit: pageOfEntries, ...scope })
    for (const entry of page) {
      if (group[0] && group[0].serviceId !== entry.serviceId) {
        yield group
        group = []
      }
      group.push(entry)
    }
    after = page.at(-1) ?? null
    if (page.length < pageOfEntries) break
  }
  if (group.length > 0) yield group
}

/** Both plans side by side: two streams in one order, merged. */
async function* pairs(deps: DifferenceDeps, snapshot: PlanSnapshot, now: Date, scope: PlanScope): AsyncGenerator<Pair> {
  const kept = keptPlans(deps, snapshot.id, scope)
  let next = await kept.next()
  for await (const facts of candidates(deps.read, deps.rules, now, snapshot.until, scope)) {
    for (; !next.done && (next.value[0]?.serviceId ?? '') < facts.serviceId; next = await kept.next()) yield { serviceId: next.value[0]?.serviceId ?? '', facts: null, before: next.value }
    const own = !next.done && next.value[0]?.serviceId === facts.serviceId ? next.value : []
    if (own.length > 0) next = await kept.next()
    yield { serviceId: facts.serviceId, facts, before: own }
  }
  for (; !next.done; next = await kept.next()) yield { serviceId: next.value[0]?.serviceId ?? '', facts: null, before: next.value }
}

async function* inPages<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let page: T[] = []
  for await (const one of source) {
    page.push(one)
    if (page.length < size) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

const periodKey = (serviceId: string, periodStart: Date) => `${serviceId} ${periodStart.getTime()}`

/** The differences of some services, each with its cause: a handful of queries for all of them. */
async function explainPairs(deps: DifferenceDeps, page: readonly Pair[], snapshot: PlanSnapshot, now: Date, until: Date): Promise<Explained[]> {
  const store = deps.read.planSnapshots
  const periods = page.flatMap(pair => pair.before.flatMap(({ serviceId, periodStart }) => periodStart ? [{ serviceId, periodStart }] : []))
  const renewed = new Map((periods.length > 0 ? await store.renewalsOf(periods) : []).map(renewal => [periodKey(renewal.serviceId, renewal.periodStart), renewal]))
  const different = page.flatMap((pair) => {
    const before = pair.before.map((entry) => {
      const invoiceId = entry.periodStart ? renewed.get(periodKey(entry.serviceId, entry.periodStart))?.invoiceId : null
      return invoiceId ? withInvoice(entry, invoiceId) : entry
    })
    const ahead = pair.facts ? toPlanEntries(foreseeMoments(pair.facts, deps.rules, now, snapshot.until).map(({ action, at }) => ({ action: withTax(action, deps, now), at }))) : []
    return comparePlans(before, ahead, until, deps.rules.calendar).map(difference => ({ pair, difference }))
  })
  if (different.length === 0) return []
  const invoiceOf = ({ before, now: planned }: PlanDifference) => planned?.invoiceId ?? before?.invoiceId ?? renewalOf(before, renewed)?.invoiceId ?? null
  const serviceIds = [...new Set(different.map(({ pair }) => pair.serviceId))]
  const invoiceIds = [...new Set(different.flatMap(({ difference }) => invoiceOf(difference) ?? []))]
  const services = new Map((await store.servicesSince(serviceIds, snapshot.takenAt)).map(service => [service.serviceId, service]))
  const invoices = new Map<string, InvoiceEvidence>((await store.invoicesOf(invoiceIds)).map(invoice => [invoice.invoiceId, invoice]))
  const notices = new Map((await store.noticesOf(serviceIds, invoiceIds)).map(notice => [`${notice.serviceId} ${notice.invoiceId} ${notice.step}`, notice.at]))
  return different.flatMap(({ pair, difference }) => {
    const service = services.get(pair.serviceId)
    if (!service) return []
    const invoiceId = invoiceOf(difference)
    const evidence: PlanEvidence = {
      since: snapshot.takenAt, now, service, invoice: (invoiceId && invoices.get(invoiceId)) || null, renewed: renewalOf(difference.before, renewed) !== undefined,
      noticedAt: step => notices.get(`${pair.serviceId} ${invoiceId ?? ''} ${step}`) ?? null, paymentUnderWay: pair.facts?.invoice?.paymentUnderWay === true, wasHeld: pair.before.some(entry => entry.held),
    }
    return [{ ...difference, evidence, why: explainDifference(difference, evidence) }]
  })
}
const renewalOf = (entry: PlanEntry | null, renewed: ReadonlyMap<string, RenewalEvidence>) => entry?.periodStart ? renewed.get(periodKey(entry.serviceId, entry.periodStart)) : undefined

const changeOf = ({ change, why }: Explained): PlanChangeKind => why.code === 'done' ? 'done' : change
const noCounts = () => Object.fromEntries(planChanges.map(change => [change, Object.fromEntries(billingActionKinds.map(kind => [kind, 0]))])) as Record<PlanChangeKind, Record<BillingActionKind, number>>

/**
 * How the plan of a moment (now, without one) differs from what yesterday's plan said of it: what came, went, changed, and what was carried
 * out since, each with its cause on record. Counted whole; in memory are one page and five hundred services.
 * `takenAt` is null when no plan of yesterday was kept; `beyond`: it does not reach the moment, so nothing is said of it.
 */
export const showPlanDifference = (deps: DifferenceDeps) => async ({ at, change, kind, page, pageSize, locale, ...scope }: DifferenceQuery) => {
  const now = deps.clock.now()
  const { calendar } = deps.rules
  const snapshot = await deps.read.planSnapshots.finishedOn(calendar.isoDay(calendar.shiftDays(now, -1)))
  const until = at && at > now ? at : now
  const counts = noCounts()
  const answer = (items: readonly Explained[], total: number) => ({
    at: until.toISOString(), takenAt: snapshot?.takenAt.toISOString() ?? null, until: snapshot?.until.toISOString() ?? null, beyond: snapshot !== null && until > snapshot.until,
    items: items.map(item => view(item, deps.describeWhy(item.why, locale))), total, page, pageSize, counts,
  })
  if (!snapshot) return answer([], 0)
  if (until > snapshot.until) return answer([], 0)
  const items: Explained[] = []
  let total = 0
  for await (const some of inPages(pairs(deps, snapshot, now, scope), pairsAtOnce)) {
    for (const item of await explainPairs(deps, some, snapshot, now, until)) {
      const [of, acts] = [changeOf(item), item.now ?? item.before]
      if (!acts) continue
      counts[of][acts.kind] += 1
      if ((change && of !== change) || (kind && acts.kind !== kind)) continue
      if (total >= (page - 1) * pageSize && items.length < pageSize) items.push(item)
      total += 1
    }
  }
  return answer(items, total)
}

const side = (entry: PlanEntry | null) => entry && { dueSince: entry.dueSince.toISOString(), amount: entry.amount && toMoneyJson(entry.amount), held: entry.held }
const view = (item: Explained, why: string) => {
  const { before, now, evidence: { service, invoice } } = item
  const entry = now ?? before
  return {
    key: `${entry?.kind} ${service.serviceId} ${entry?.mark}`, change: changeOf(item), kind: entry?.kind ?? 'send_reminder', serviceId: service.serviceId, hostname: service.hostname, clientName: service.clientName,
    invoiceId: invoice?.invoiceId ?? null, invoiceNumber: invoice?.number ?? null, before: side(before), now: side(now), why,
  }
}

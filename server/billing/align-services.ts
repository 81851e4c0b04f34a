import type { z } from 'zod'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { alignmentView } from '#shared/contracts/alignments.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { formatMoney, sum, toMoneyJson } from '#shared/money/money.ts'
import type { Actor, Log, Transact } from '../kernel/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import { daysUntil, partsUntil } from './alignment.ts'
import type { AlignedPart } from './alignment.ts'
import type { AlignableRow, Alignment } from './alignment-ports.ts'
import { closeInvoice } from './close-invoice.ts'
import { auditStaff, hint, systemActor } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { alignmentCancelled } from './follow-closing.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores } from './ports.ts'
import type { CalendarFacts } from './service-plan.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores>, readonly read: BillingStores }
interface Wish { readonly clientId: string, readonly serviceIds: readonly string[], /** Of the business zone. */ readonly day: string }
/** In days. Further ahead nobody should pay at once by mistake. */
const longestAhead = 400

interface Alignable extends CalendarFacts { readonly productName: string, readonly refusal: ErrorCode | null }

/** Why a service cannot be brought to another day now; null: it can. */
function refusalOf(facts: CalendarFacts, row: AlignableRow, now: Date): ErrorCode | null {
  if (!isRecurring(facts.cycle)) return 'paid_once'
  if (facts.status === 'suspended') return 'service_suspended'
  if (facts.cancelAtPeriodEnd) return 'service_cancelled'
  if (facts.trialEndsAt && facts.trialEndsAt > now) return 'trial_running'
  if (facts.endsAt) return 'term_fixed'
  if (row.changeOpen) return 'change_open'
  if (row.alignmentOpen) return 'alignment_open'
  return facts.invoice || facts.renewalIssued || facts.status !== 'active' || !facts.paidUntil || facts.paidUntil <= now ? 'renewal_open' : null
}

async function alignable(deps: Pick<Deps, 'clock'>, stores: BillingStores, clientId: string): Promise<Alignable[]> {
  const rows = await stores.alignments.alignable(clientId)
  const facts = new Map((await stores.subscriptions.factsOfMany(rows.map(row => row.serviceId))).map(found => [found.serviceId, found]))
  return rows.flatMap((row) => {
    const own = facts.get(row.serviceId)
    return own ? [{ ...own, productName: row.productName, refusal: refusalOf(own, row, deps.clock.now()) }] : []
  })
}

const partsOf = ({ rules: { calendar } }: Pick<Deps, 'rules'>, service: Alignable, day: string): AlignedPart[] => service.paidUntil ? partsUntil({ ...service, paidUntil: service.paidUntil }, day, calendar) : []
const priceOf = (parts: readonly AlignedPart[]) => sum(parts.map(part => part.price))

/**
 * The living services of a client: which can be brought to a common day, what each costs until then, and together with PPN. Without a day: the
 * latest day until which one of them is paid. Without a choice: all that can. Nothing is written.
 */
export const showAlignment = (deps: Deps) => async ({ clientId, serviceIds, day: wanted }: Omit<Wish, 'serviceIds' | 'day'> & { readonly serviceIds: readonly string[] | null, readonly day: string | null }): Promise<z.input<typeof alignmentView>> => {
  const { calendar } = deps.rules
  const now = deps.clock.now()
  const found = await alignable(deps, deps.read, clientId)
  const latest = Math.max(now.getTime(), ...found.flatMap(service => service.refusal === null && service.paidUntil ? [service.paidUntil.getTime()] : []))
  const day = wanted ?? calendar.isoDay(new Date(latest))
  const tooFar = day > calendar.isoDay(calendar.shiftDays(now, longestAhead))
  const services = found.map((service) => {
    const days = service.paidUntil ? daysUntil(service.paidUntil, day, calendar) : 0
    const refusal = service.refusal ?? (days < 0 ? 'alignment_before' as const : null)
    const chosen = refusal === null && (serviceIds?.includes(service.serviceId) ?? true)
    return { service, days, refusal, chosen, parts: chosen && !tooFar ? partsOf(deps, service, day) : [] }
  })
  const net = priceOf(services.flatMap(({ parts }) => parts))
  const figures = deps.computeTax(net, now)
  return {
    day, latestDay: calendar.isoDay(calendar.shiftDays(now, longestAhead)), open: (await deps.read.alignments.openOfClient(clientId)).map(({ id, invoiceId, day: until, expiresAt, hostnames }) => ({ id, invoiceId, day: until, expiresAt: expiresAt.toISOString(), hostnames: [...hostnames] })),
    services: services.map(({ service, days, refusal, chosen, parts }) => ({ serviceId: service.serviceId, hostname: service.hostname, productName: service.productName, cycle: service.cycle, paidUntil: service.paidUntil?.toISOString() ?? null, refusal, chosen, days: Math.max(days, 0), net: toMoneyJson(priceOf(parts)) })),
    moves: services.filter(({ parts }) => parts.length > 0).length, net: toMoneyJson(net), tax: toMoneyJson(figures.tax), total: toMoneyJson(figures.total),
  }
}

/**
 * Brings services of one client to a common day: one invoice with a line per service and period up to that day, due as an upgrade's. Paid, the
 * periods are extended and turn on that day. The renewals of those stretches are claimed with the invoice, so that none is billed twice.
 * @throws AppError not_found (foreign, ended), alignment_refused (with its host name), invalid_input (day), price_changed with the new total
 */
export const requestAlignment = (deps: Deps) => ({ clientId, serviceIds, day, expectedTotal, actor }: Wish & { readonly expectedTotal?: string | undefined, readonly actor: Actor }): Promise<{ invoiceId: string }> => deps.transact(async (stores) => {
  const { calendar, policy } = deps.rules
  const now = deps.clock.now()
  if (day > calendar.isoDay(calendar.shiftDays(now, longestAhead))) throw fieldError('day', 'date_too_far')
  await stores.subscriptions.lockMany(serviceIds)
  const found = new Map((await alignable(deps, stores, clientId)).map(service => [service.serviceId, service]))
  const moved = [...new Set(serviceIds)].map((id) => {
    const service = found.get(id)
    if (!service) throw new AppError('not_found')
    if (service.refusal || !service.paidUntil) throw new AppError('alignment_refused', { params: { hostname: service.hostname } })
    if (daysUntil(service.paidUntil, day, calendar) < 0) throw fieldError('day', 'alignment_before')
    return { service, parts: partsOf(deps, service, day) }
  }).filter(({ parts }) => parts.length > 0)
  if (moved.length === 0) throw fieldError('day', 'alignment_nothing')
  const { total } = deps.computeTax(priceOf(moved.flatMap(({ parts }) => parts)), now)
  if (expectedTotal !== undefined && BigInt(expectedTotal) !== total.amount) throw new AppError('price_changed', { params: { total: formatMoney(total), amount: total.amount.toString() } })
  const periods = moved.flatMap(({ service, parts }) => parts.map(part => ({ service, part })))
  const id = deps.newId()
  const expiresAt = calendar.shiftDays(now, policy.changeTermDays)
  const { invoiceId } = await issueInvoice(deps)(stores, {
    clientId, orderId: null, dueAt: expiresAt, actor,
    lines: periods.map(({ service, part }) => ({ kind: 'service', serviceId: service.serviceId, description: `${service.productName} · ${service.hostname}`, periodStart: part.periodStart, periodEnd: part.periodEnd, amount: part.price })),
    claim: async (issued) => {
      await stores.alignments.insert({ id, clientId, day, invoiceId: issued, expiresAt, createdAt: now, actor: actorLabel(actor), serviceIds: moved.map(({ service }) => service.serviceId) })
      await stores.invoices.claimRenewals(...periods.map(({ service, part }) => ({ serviceId: service.serviceId, periodStart: part.periodStart, periodEnd: part.periodEnd, invoiceId: issued })))
    },
  })
  await auditStaff(stores, { actor, action: 'client.align-services', entity: 'client', entityId: clientId, after: { day, services: moved.map(({ service }) => service.hostname), total: total.amount.toString() } })
  for (const { service } of moved) hint(stores, 'service', service.serviceId, clientId)
  return { invoiceId }
})

/** A client (or staff) thinks better of it: the invoice is void, what was paid on it is credit. @throws AppError not_found (foreign, too), change_closed */
export const cancelAlignment = (deps: Deps) => ({ clientId, alignmentId, actor }: { readonly clientId: string, readonly alignmentId: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const open = (await stores.alignments.openOfClient(clientId)).find(alignment => alignment.id === alignmentId)
  if (!open) throw new AppError('not_found')
  await voidInvoiceOf(deps, stores, open, { reason: alignmentCancelled, actor })
  await auditStaff(stores, { actor, action: 'client.cancel-alignment', entity: 'client', entityId: clientId, before: { day: open.day, services: open.hostnames } })
})

async function voidInvoiceOf(deps: BillingDeps, stores: BillingStores, { invoiceId }: Alignment, { reason, actor }: { readonly reason: string, readonly actor: Actor }): Promise<void> {
  const invoice = await stores.invoices.lock(invoiceId)
  if (invoice?.status !== 'issued') throw new AppError('change_closed')
  await closeInvoice(deps)(stores, { invoice, as: 'void', reason, actor })
}

const batch = 200

/** Ends those that nobody paid in time, as `lapseChanges`. Answers how many lapsed. */
export const lapseAlignments = (deps: Deps & { readonly log: Log }) => async (): Promise<number> => {
  const now = deps.clock.now()
  let lapsed = 0
  for (const { alignmentId, invoiceId } of await deps.read.alignments.listExpired({ now, frozenBefore: new Date(now.getTime() - deps.rules.policy.freezeHours * 3_600_000), limit: batch })) {
    try {
      await deps.transact(async (stores) => {
        const invoice = await stores.invoices.lock(invoiceId)
        if (invoice?.status === 'issued') await closeInvoice(deps)(stores, { invoice, as: 'void', reason: 'alignment_lapsed', actor: systemActor('billing.alignments') })
      })
      lapsed += 1
    } catch (error) {
      deps.log.error({ err: error, alignment: alignmentId }, 'an unpaid alignment could not be ended')
    }
  }
  return lapsed
}

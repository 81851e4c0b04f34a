import { isZero } from '#shared/money/money.ts'
import { optionText, optionTexts } from '#shared/options/option-text.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { ChangeTiming } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import { applyChange } from './apply-change.ts'
import type { ChangeQuote, ChangeSubject, ServiceChange, ServiceTerms, SetupCharge } from './change-ports.ts'
import { closeInvoice } from './close-invoice.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { issueInvoice } from './issue-invoice.ts'
import { issueRenewals } from './issue-renewals.ts'
import type { BillingStores, InvoiceLine } from './ports.ts'

export interface ChangeToOpen { readonly subject: ChangeSubject, readonly to: ServiceTerms, readonly setups?: readonly SetupCharge[] | undefined, readonly timing: ChangeTiming, /** Of a change at once. */ readonly quote: ChangeQuote | null, readonly actor: Actor }

/** Other products by name; the same one by what its options become. */
const whatChanges = (from: ServiceTerms, to: ServiceTerms, locale: Locale) => from.productId !== to.productId ? `${from.productName} → ${to.productName}` : [to.productName, ...to.options.filter(option => !from.options.some(old => old.optionId === option.optionId && old.quantity === option.quantity && old.choiceId === option.choiceId)).map(option => optionText(option, locale))].join(' + ')

/** One line per paid period: the difference, bound to the days that it is for, so that it earns on exactly those; then one per set-up fee. */
function linesOf({ subject: { terms, hostname, serviceId }, to, setups = [], quote }: ChangeToOpen): InvoiceLine[] {
  const [id, en] = (['id', 'en'] as const).map(locale => `${whatChanges(terms, to, locale)} · ${hostname}`) as [string, string]
  const differences = (quote?.charges ?? []).filter(charge => !isZero(charge.net)).map(({ periodStart, periodEnd, net }): InvoiceLine => ({ kind: 'change', description: id, texts: { id, en }, serviceId, periodStart, periodEnd, amount: net }))
  const fees = setups.flatMap(({ optionId, amount }): InvoiceLine[] => {
    const option = to.options.find(candidate => candidate.optionId === optionId)
    const texts = option && optionTexts(option, ` · ${hostname}`)
    return texts ? [{ kind: 'setup', description: texts.id, texts, serviceId, periodStart: null, periodEnd: null, amount }] : []
  })
  return [...differences, ...fees]
}

/** The renewal invoice that nobody has begun to pay is void; one with the new price takes its place, due when that one was. */
async function rewriteRenewal(deps: BillingDeps, stores: BillingStores, { subject: { serviceId, renewalInvoiceId, paidUntil }, actor }: ChangeToOpen): Promise<void> {
  const invoice = renewalInvoiceId ? await stores.invoices.lock(renewalInvoiceId) : null
  const service = await stores.subscriptions.lock(serviceId)
  if (invoice?.status !== 'issued' || !invoice.dueAt || !service || !paidUntil) return
  await closeInvoice(deps)(stores, { invoice, as: 'void', reason: 'terms_changed', actor })
  const prices = await stores.subscriptions.factsOf(serviceId)
  if (prices) await issueRenewals(deps)(stores, { renewals: [{ service, prices, periodStart: paidUntil, dueAt: invoice.dueAt }], actor })
}

/** Opens a change; see `OpenChange`. The caller has locked the service (its open invoices before it) and judged the change. */
export const openChange = (deps: BillingDeps) => async (stores: BillingStores, input: ChangeToOpen): Promise<ServiceChange> => {
  const { subject, to, setups = [], timing, actor } = input
  const { serviceId, clientId, terms: from } = subject
  const now = deps.clock.now()
  const id = deps.newId()
  const expiresAt = timing === 'now' ? deps.rules.calendar.shiftDays(now, deps.rules.policy.changeTermDays) : null
  const change: ServiceChange = { id, serviceId, timing, status: 'waiting', from, to, setups, invoiceId: null, expiresAt, startsAt: null, createdAt: now, appliedAt: null, closedAt: null, closedReason: null }
  const insert = (invoiceId: string | null) => stores.changes.insert({ ...change, invoiceId, actor: actorLabel(actor) })
  await auditStaff(stores, { actor, action: 'service.change', entity: 'service', entityId: serviceId, before: { product: from.productName, cycle: from.cycle, price: from.price.amount.toString(), options: from.options.map(option => optionText(option, 'id')) }, after: { product: to.productName, cycle: to.cycle, price: to.price.amount.toString(), options: to.options.map(option => optionText(option, 'id')), timing } })
  const lines = linesOf(input)
  if (timing === 'now' && lines.length > 0 && expiresAt) await issueInvoice(deps)(stores, { clientId, orderId: null, dueAt: expiresAt, actor, lines, claim: insert })
  else {
    await insert(null)
    if (timing === 'now') await applyChange(deps, stores, { changeId: id, actor })
    else await rewriteRenewal(deps, stores, input)
  }
  hint(stores, 'service', serviceId, clientId)
  return await stores.changes.find(id) ?? change
}

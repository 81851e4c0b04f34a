import { money, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { invoiceFigures, invoiceNumber } from './invoice.ts'
import { incomeOf, lateFeeRule } from './late-fee.ts'
import { creditEntry, issueEntry } from './ledger.ts'
import { mailTo } from './mails.ts'
import type { BilledClient, BillingStores, InvoiceLine, NewInvoice } from './ports.ts'
import { settleInvoice } from './settle-invoice.ts'

export interface InvoiceToIssue { readonly clientId: string, readonly orderId: string | null, readonly lines: readonly InvoiceLine[], readonly dueAt: Date, readonly actor: Actor, /** The draft that becomes this invoice; its lines are stored already. */ readonly draftId?: string, /** Another mail tells of it already. */ readonly quiet?: boolean, /** The number of the invoice that this one charges for being late: without PPN, not paid from credit by itself. */ readonly lateFeeOf?: string, /** As `InvoicesToIssue.claim`. */ readonly claim?: (invoiceId: string) => Promise<void> }
type Order = Omit<InvoiceToIssue, 'actor' | 'claim'>
interface Issue { readonly order: Order, readonly client: BilledClient, readonly invoice: NewInvoice }
/** `claim` is written between the invoices and the first look at what they ask for; it is told their ids in the order of the input. */
export interface InvoicesToIssue { readonly orders: readonly Order[], readonly actor: Actor, readonly claim?: (invoiceIds: readonly string[]) => Promise<void> }

/** As `issueInvoices`, for one. */
export const issueInvoice = (deps: BillingDeps) => async (stores: BillingStores, { actor, claim, ...order }: InvoiceToIssue): Promise<{ invoiceId: string, total: Money }> => {
  const [issued] = await issueInvoices(deps)(stores, { orders: [order], actor, ...(claim ? { claim: async ([invoiceId]) => { if (invoiceId) await claim(invoiceId) } } : {}) })
  if (!issued) throw new RangeError('an invoice was asked for and none was issued')
  return issued
}

/**
 * Issues invoices in the open transaction, all or none: figures, gapless numbers, snapshots of buyer and seller, journal entries, the clients'
 * credit taken off, mails. Lines are kept in their client's language. What asks for nothing is paid at once. As many statements for a thousand as for one, unless credit pays; the
 * counter's row stays locked until the transaction ends.
 */
export const issueInvoices = (deps: BillingDeps) => async (stores: BillingStores, { orders, actor, claim }: InvoicesToIssue): Promise<{ invoiceId: string, total: Money }[]> => {
  const clientIds = [...new Set(orders.map(order => order.clientId))]
  const clients = await stores.billedClients.findMany(clientIds)
  const figured = orders.map((order) => {
    const client = clients.get(order.clientId)
    if (!client) throw new RangeError(`no client ${order.clientId} to invoice`)
    return { order, client, figures: invoiceFigures(order.lines, order.lateFeeOf === undefined ? taxable => deps.computeTax(taxable, deps.clock.now()) : untaxed) }
  })
  // Before the counter, so that two issuing transactions never wait for each other crosswise.
  await stores.ledger.lockCredit(...clientIds)
  const issues = await numbered(deps, stores, figured)
  await write(deps, stores, issues, actor)
  await claim?.(issues.map(({ invoice }) => invoice.id))
  await askForMoney(deps, stores, issues, actor)
  for (const { invoice } of issues) hint(stores, 'invoice', invoice.id, invoice.clientId)
  return issues.map(({ invoice }) => ({ invoiceId: invoice.id, total: invoice.total }))
}

const untaxed = (taxable: Money) => ({ taxable, dpp: zero(taxable.currency), tax: zero(taxable.currency), total: taxable, rule: lateFeeRule })

/** Gives the invoices the next numbers, in their order. */
async function numbered(deps: BillingDeps, stores: BillingStores, figured: readonly (Pick<Issue, 'order' | 'client'> & { readonly figures: ReturnType<typeof invoiceFigures> })[]): Promise<Issue[]> {
  const now = deps.clock.now()
  const { policy: { series }, calendar } = deps.rules
  const { year } = calendar.dayOf(now)
  const first = await stores.invoices.takeSequence(series, year, figured.length) - figured.length + 1
  return figured.map(({ order, client, figures: { rule, ...sums } }, index) => ({
    order, client,
    invoice: { id: order.draftId ?? deps.newId(), clientId: order.clientId, orderId: order.orderId, series, year, sequence: first + index, number: invoiceNumber(series, year, first + index), ...sums, taxRule: rule, issuedAt: now, dueAt: order.dueAt, buyer: client.party, seller: deps.seller },
  }))
}

const contextOf = ({ invoice }: Issue, actor: Actor) => ({ at: invoice.issuedAt, actor: actorLabel(actor), clientId: invoice.clientId, invoiceId: invoice.id, memo: invoice.number, causeId: invoice.id })

async function write(deps: BillingDeps, stores: BillingStores, issues: readonly Issue[], actor: Actor) {
  const drafts = issues.filter(({ order }) => order.draftId)
  for (const { invoice } of drafts) await stores.invoices.issueDraft(invoice)
  const fresh = issues.filter(({ order }) => !order.draftId)
  if (fresh.length > 0) await stores.invoices.insert(...fresh.map(({ invoice, order, client }) => ({ invoice, lines: order.lines.map(line => line.texts ? { ...line, description: line.texts[client.locale] } : line) })))
  await recordTransition(stores, ...issues.map(({ invoice }) => ({ entity: 'invoice' as const, id: invoice.id, from: 'draft', to: 'issued', cause: 'issued', actor, at: invoice.issuedAt })))
  await stores.ledger.postMany(issues.filter(({ invoice }) => invoice.total.amount > 0n).map(issue => issueEntry(contextOf(issue, actor), issue.invoice, incomeOf(issue.invoice))))
}

/** Takes credit off where there is some; asks the client for what is left, or settles what asks for nothing. */
async function askForMoney(deps: BillingDeps, stores: BillingStores, issues: readonly Issue[], actor: Actor) {
  const rich = await stores.ledger.withCredit([...new Set(issues.map(({ client }) => client.clientId))])
  const mails = []
  for (const issue of issues) {
    const { invoice, client, order: { lateFeeOf } } = issue
    const applied = lateFeeOf === undefined && rich.has(client.clientId) ? await applyCredit(stores, issue, actor) : 0n
    const left = money(invoice.total.amount - applied, invoice.total.currency)
    if (left.amount === 0n) await settleInvoice(deps)(stores, { invoiceId: invoice.id, cause: applied > 0n ? 'credit_applied' : 'nothing_to_pay', causeId: invoice.id, actor, ...(issue.order.quiet ? { quiet: true } : {}) })
    else if (lateFeeOf !== undefined) mails.push(mailTo(deps, client, { template: 'late_fee_charged', key: `late-fee:${invoice.id}`, path: `/portal/invoices/${invoice.id}`, values: { number: invoice.number, late: lateFeeOf, amount: left, dueOn: invoice.dueAt } }))
    else mails.push(mailTo(deps, client, { template: 'invoice_issued', key: `invoice-issued:${invoice.id}`, path: `/portal/invoices/${invoice.id}`, values: { number: invoice.number, total: invoice.total, amount: left, dueOn: invoice.dueAt } }))
  }
  await stores.mail.queue(...mails)
}

async function applyCredit(stores: BillingStores, issue: Issue, actor: Actor): Promise<bigint> {
  const { invoice: { total, clientId } } = issue
  const credit = await stores.ledger.credit(clientId)
  const applied = credit < total.amount ? credit : total.amount
  if (applied <= 0n) return 0n
  await stores.ledger.post(creditEntry(contextOf(issue, actor), money(applied, total.currency)))
  return applied
}

import { AppError } from '#shared/errors/codes.ts'
import { formatMoney, isZero, money, subtract, sum } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { closeFeeOf, markClosed } from './close-invoice.ts'
import { creditableLines, leftOf, noteFigures, splitNote, unearnedPart } from './credit-note.ts'
import type { CreditableLine } from './credit-note.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { invoiceNumber, servicesOf } from './invoice.ts'
import type { CreditNote, CreditNoteLine, NewCreditNoteLine } from './invoicing-ports.ts'
import { incomeOf } from './late-fee.ts'
import { creditNoteEntry } from './ledger.ts'
import { queueMail } from './mails.ts'
import { dayNumberOf } from './proration.ts'
import type { BillingStores, Invoice } from './ports.ts'
import { settleInvoice } from './settle-invoice.ts'
import { releaseServices } from './void-invoice.ts'
import { takeWriteOffBack } from './take-write-off-back.ts'

export interface CreditRequest { readonly invoiceId: string, /** Net amounts by line; null: everything that is left. */ readonly lines: readonly { readonly lineId: string, readonly amount: Money }[] | null, readonly reason: string, readonly actor: Actor }

/**
 * Takes an issued or paid invoice back, whole or by lines: a numbered note, its journal entry, a mail. Less is owed; what was paid already
 * becomes the client's credit. An unpaid invoice that is credited whole closes like a void one and starts nothing; one whose rest was paid
 * settles. A paid invoice stays paid, and its services stay as they are.
 * @throws AppError not_found, invoice_not_creditable, invalid_input (an unknown line, more than is left of it)
 */
export const issueCreditNote = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => (request: CreditRequest): Promise<{ noteId: string }> => deps.transact(stores => creditInvoice(deps)(stores, request))

/** The same in the open transaction. */
export const creditInvoice = (deps: BillingDeps) => async (stores: BillingStores, request: CreditRequest): Promise<{ noteId: string }> => {
  const invoice = await stores.invoices.lock(request.invoiceId)
  if (!invoice || invoice.status === 'draft') throw new AppError('not_found')
  if (invoice.status !== 'issued' && invoice.status !== 'paid') throw new AppError('invoice_not_creditable')
  await stores.lateFees.lockUnpaidOf(invoice.id)
  const credited = await stores.creditNotes.creditedLinesOf(invoice.id)
  // A deposit is the client's own money, not a sale that could be taken back.
  if (credited.some(line => line.kind === 'deposit')) throw new AppError('invoice_not_creditable')
  const left = creditableLines(credited)
  const lines = chosenLines(left, request.lines)
  const amount = sum(lines.map(line => line.amount), invoice.total.currency)
  if (isZero(amount)) throw new AppError('invoice_not_creditable')
  // Services, credit, counter: the order in which everybody locks.
  for (const serviceId of servicesOf(credited)) await stores.subscriptions.lock(serviceId)
  await stores.ledger.lockCredit(invoice.clientId)
  const before = await stores.creditNotes.creditedOf(invoice.id)
  const figures = noteFigures(invoice, before.taxable, amount)
  await takeWriteOffBack(deps, stores, { invoice, atMost: figures.total, actor: request.actor })
  const outstanding = money((await stores.ledger.outstanding([invoice.id])).get(invoice.id) ?? 0n, invoice.total.currency)
  const note = await write(deps, stores, invoice, { ...figures, ...splitNote(figures.total, outstanding) }, await withUnearned(deps, stores, invoice, left, lines), request)
  const whole = isZero(subtract(leftOf(left), amount))
  if (invoice.status === 'issued' && isZero(subtract(outstanding, note.toInvoice))) await finish(deps, stores, invoice, note, whole, request.actor)
  else if (whole) await closeFeeOf(deps, stores, { lateInvoiceId: invoice.id, as: 'void', actor: request.actor })
  return { noteId: note.id }
}

function chosenLines(left: readonly CreditableLine[], asked: CreditRequest['lines']): CreditNoteLine[] {
  if (asked === null) return left.filter(line => line.left.amount > 0n).map(line => ({ invoiceLineId: line.id, description: line.description, amount: line.left }))
  return asked.map(({ lineId, amount }, index) => {
    const line = left.find(candidate => candidate.id === lineId)
    if (!line || asked.findIndex(other => other.lineId === lineId) !== index) throw new AppError('not_found')
    const refused = amount.amount <= 0n ? 'amount_positive' : amount.amount > line.left.amount ? 'credit_too_high' : null
    if (refused) throw new AppError('invalid_input', { fields: [{ path: `lines.${index}.amount`, code: refused, message: refused, params: { left: formatMoney(line.left) } }] })
    return { invoiceLineId: line.id, description: line.description, amount }
  })
}

/** How much of each line's note meets what the line has not earned yet: what accrual reports spread it by. */
async function withUnearned(deps: BillingDeps, stores: BillingStores, invoice: Invoice, left: readonly CreditableLine[], lines: readonly CreditNoteLine[]): Promise<NewCreditNoteLine[]> {
  const day = (at: Date) => dayNumberOf(deps.rules.calendar.isoDay(at))
  const [today, earning] = [day(deps.clock.now()), await stores.creditNotes.earningOf(invoice.id)]
  return lines.map((line) => {
    const [net, when] = [left.find(({ id }) => id === line.invoiceLineId)?.amount, earning.get(line.invoiceLineId)]
    if (!net || !when || !invoice.issuedAt) throw new RangeError(`invoice ${invoice.id} has no line ${line.invoiceLineId}`)
    const notes = when.notes.map(({ at, unearned }) => ({ day: day(at), unearned }))
    return { ...line, unearned: unearnedPart({ net, issued: day(invoice.issuedAt), from: when.from && day(when.from), to: when.to && day(when.to), notes }, line.amount, today) }
  })
}

type Figures = Pick<CreditNote, 'taxable' | 'dpp' | 'tax' | 'total' | 'toInvoice' | 'toCredit'>

async function write(deps: BillingDeps, stores: BillingStores, invoice: Invoice, figures: Figures, lines: readonly NewCreditNoteLine[], { reason, actor }: CreditRequest): Promise<CreditNote> {
  const now = deps.clock.now()
  const { year } = deps.rules.calendar.dayOf(now)
  const series = deps.rules.policy.creditNoteSeries
  const sequence = await stores.invoices.takeSequence(series, year)
  const note: CreditNote = { id: deps.newId(), invoiceId: invoice.id, number: invoiceNumber(series, year, sequence), reason, issuedAt: now, ...figures }
  await stores.creditNotes.insert({ ...note, series, year, sequence, actor: actorLabel(actor) }, lines)
  await stores.ledger.post(creditNoteEntry({ causeId: note.id, at: now, memo: `${note.number} (${invoice.number ?? invoice.id})`, actor: actorLabel(actor), clientId: invoice.clientId, invoiceId: invoice.id }, note, incomeOf(invoice)))
  await queueMail(deps, stores, { template: 'credit_note_issued', key: `credit-note:${note.id}`, clientId: invoice.clientId, path: `/portal/invoices/${invoice.id}`, values: { note: note.number, number: invoice.number ?? '', total: note.total, credit: note.toCredit, reason } })
  await auditStaff(stores, { actor, action: 'invoice.credit', entity: 'invoice', entityId: invoice.id, after: { creditNoteId: note.id, number: note.number, total: note.total.amount.toString(), toCredit: note.toCredit.amount.toString(), reason } })
  hint(stores, 'invoice', invoice.id, invoice.clientId)
  return note
}

/** Nothing is owed on the invoice any more: whole, it is as if never issued; in part, what was left of it has been paid. */
async function finish(deps: BillingDeps, stores: BillingStores, invoice: Invoice, note: CreditNote, whole: boolean, actor: Actor) {
  if (!whole) return settleInvoice(deps)(stores, { invoiceId: invoice.id, cause: 'credit_note', causeId: note.id, actor })
  await markClosed(deps, stores, { invoice, as: 'void', reason: `credit_note: ${note.number}`, actor })
  await releaseServices(deps, stores, { invoice, reason: note.number, actor })
}

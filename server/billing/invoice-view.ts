import { formatMoney, isZero, money, toMoneyJson } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { depositLapseDays, isDeposit } from './deposit.ts'
import type { Moved, Notice } from './free-days.ts'
import type { CreditNote } from './invoicing-ports.ts'
import { feeFor } from './late-fee.ts'
import type { LateFee } from './late-fee.ts'
import type { FeeSide } from './late-fee-ports.ts'
import type { Invoice, InvoiceLine, InvoicePayment, PaymentViewJson } from './ports.ts'
import { renewalDueAt, scheduleOf } from './service-plan.ts'
import type { InvoiceSchedule, PlanRules } from './service-plan.ts'

export type RailKind = 'issued' | 'reminder' | 'due' | 'suspension' | 'termination' | 'paid' | 'void' | 'late_fee'
export type RailReason = 'rail_issued' | 'rail_reminder' | 'rail_due' | 'rail_order_lapses' | 'rail_final_notice' | 'rail_final_notice_waits' | 'rail_suspension' | 'rail_termination' | 'rail_paid' | 'rail_void' | 'rail_uncollectible' | 'rail_deposit_lapses' | 'rail_change_lapses' | 'rail_late_fee' | 'rail_late_fee_percent' | 'rail_late_fee_charged'
export interface RailStep { readonly kind: RailKind, readonly at: Date, readonly done: boolean, readonly reason: RailReason, /** What its text names. */ readonly values?: Readonly<Record<string, string>>, readonly moved?: Moved }

export const isOverdue = (invoice: Pick<Invoice, 'status' | 'dueAt'>, now: Date): boolean => invoice.status === 'issued' && invoice.dueAt !== null && invoice.dueAt <= now

/** `lapses`: the invoice of an order that was never paid; at its due time the order ends, and nothing is suspended. `upgrade`: the same of an upgrade that waits for it. `bound`: it is for services, so the calendar acts on it. */
export interface RailFacts { readonly notices: readonly { readonly step: string, readonly at: Date, readonly waits?: boolean }[], readonly lapses: boolean, readonly upgrade: boolean, readonly bound: boolean, /** `charged`: as it was; else by the terms, as it would be on what is outstanding (`null`: not known). */ readonly lateFee?: { readonly charged: Pick<FeeSide, 'total' | 'issuedAt'> | null, readonly terms: LateFee, readonly outstanding: Money | null } }

/** What the due time means where nothing follows it; null: reminders, suspension and termination do. */
const lastAtDue = ({ upgrade, bound, lapses }: Pick<RailFacts, 'upgrade' | 'bound' | 'lapses'>): RailReason | null => upgrade ? 'rail_change_lapses' : !bound ? 'rail_due' : lapses ? 'rail_order_lapses' : null

/** What happened to an invoice and what comes next, by the same schedule that the calendar acts on. */
export function railOf(invoice: Pick<Invoice, 'issuedAt' | 'dueAt' | 'paidAt' | 'closedAt' | 'status' | 'taxRule'>, { notices, bound, ...facts }: RailFacts, rules: PlanRules, now: Date): RailStep[] {
  const { issuedAt, dueAt, paidAt, closedAt, status } = invoice
  if (!issuedAt || !dueAt) return []
  const sent = (step: string) => notices.find(notice => notice.step === step)
  const final = sent('final')
  const schedule = scheduleOf({ issuedAt, dueAt, finalNoticeAt: final?.waits ? now : final?.at ?? null }, facts.lapses, rules)
  const last = lastAtDue({ ...facts, bound })
  const issued: RailStep = { kind: 'issued', at: issuedAt, done: true, reason: 'rail_issued' }
  const reminders = isDeposit(invoice) ? [] : schedule.reminders.filter(step => bound && (status === 'issued' || sent(step.step))).map(step => noticeStep(step, sent(step.step), 'rail_reminder'))
  const steps = [issued, ...reminders, ...feeSteps(facts.lateFee, status === 'issued' && !last ? dueAt : null, rules)]
  if (status === 'paid' && paidAt) steps.push({ kind: 'paid', at: paidAt, done: true, reason: 'rail_paid' })
  else if (closedAt) steps.push(closedStep(status, closedAt))
  else if (isDeposit(invoice)) steps.push({ kind: 'due', at: dueAt, done: dueAt <= now, reason: 'rail_due' }, { kind: 'void', at: rules.calendar.shiftDays(dueAt, depositLapseDays), done: false, reason: 'rail_deposit_lapses' })
  else if (last) steps.push({ kind: 'due', at: dueAt, done: dueAt <= now, reason: last })
  else {
    steps.push(
      { kind: 'due', at: dueAt, done: dueAt <= now, reason: 'rail_due' }, finalNoticeStep(schedule, final),
      { kind: 'suspension', at: schedule.suspendAt, done: schedule.suspendAt <= now, reason: 'rail_suspension' }, { kind: 'termination', at: schedule.terminateAt, done: schedule.terminateAt <= now, reason: 'rail_termination' },
    )
  }
  return steps.sort((a, b) => a.at.getTime() - b.at.getTime())
}

/** A notice is done when its letter left; until then it stands where it was planned, or written. */
const noticeStep = ({ at, moved }: Notice, sent: RailFacts['notices'][number] | undefined, reason: RailReason): RailStep =>
  ({ kind: 'reminder', at: sent?.at ?? at, done: sent !== undefined && !sent.waits, reason, ...unsent(moved, sent) })

const finalNoticeStep = ({ finalNoticeAt: at, finalNoticeMoved: moved }: InvoiceSchedule, sent: RailFacts['notices'][number] | undefined): RailStep =>
  noticeStep({ at, ...(moved ? { moved } : {}) }, sent, sent?.waits ? 'rail_final_notice_waits' : 'rail_final_notice')

const closedStep = (status: Invoice['status'], at: Date): RailStep => status === 'void' ? { kind: 'void', at, done: true, reason: 'rail_void' } : { kind: 'termination', at, done: true, reason: 'rail_uncollectible' }

/** Of a notice that went out its moment is told, not where it had been moved from. */
const unsent = (moved: Moved | undefined, sent: unknown) => moved && !sent ? { moved } : {}

/** The late fee: charged once, or ahead, counted from the due time; null: it will not be. */
function feeSteps(lateFee: RailFacts['lateFee'], dueAt: Date | null, { calendar }: PlanRules): RailStep[] {
  if (!lateFee) return []
  const { charged, terms, outstanding } = lateFee
  if (charged) return [{ kind: 'late_fee', at: charged.issuedAt, done: true, reason: 'rail_late_fee_charged', values: { amount: formatMoney(charged.total) } }]
  if (!dueAt || terms.kind === 'none') return []
  const at = calendar.shiftDays(dueAt, terms.days)
  if (terms.kind === 'percent' && !outstanding) return [{ kind: 'late_fee', at, done: false, reason: 'rail_late_fee_percent', values: { percent: String(terms.percent), amount: formatMoney(terms.cap) } }]
  const amount = terms.kind === 'fixed' ? terms.amount : outstanding && feeFor(terms, outstanding)
  return amount && !isZero(amount) ? [{ kind: 'late_fee', at, done: false, reason: 'rail_late_fee', values: { amount: formatMoney(amount) } }] : []
}

/** The rail of a renewal invoice that is issued now, on its day, by these rules. */
export const sampleRail = (rules: PlanRules, now: Date): RailStep[] =>
  railOf({ issuedAt: now, dueAt: renewalDueAt(rules.calendar.shiftDays(now, rules.policy.renewalLeadDays), now, rules), paidAt: null, closedAt: null, status: 'issued', taxRule: '' }, { notices: [], lapses: false, upgrade: false, bound: true, lateFee: { charged: null, terms: rules.policy.lateFee, outstanding: null } }, rules, now)

const iso = (at: Date | null) => at?.toISOString() ?? null
/** Only an issued invoice asks for money, whatever a closed one once asked for. */
export const outstandingOf = (invoice: Invoice, owed: ReadonlyMap<string, bigint>): Money => money(invoice.status === 'issued' ? owed.get(invoice.id) ?? 0n : 0n, invoice.total.currency)

export const toSummary = (invoice: Invoice, outstanding: Money, now: Date, lateFeeOf: string | null = null) => ({
  id: invoice.id, number: invoice.number, status: invoice.status, overdue: isOverdue(invoice, now), issuedAt: iso(invoice.issuedAt), dueAt: iso(invoice.dueAt), paidAt: iso(invoice.paidAt), total: toMoneyJson(invoice.total), outstanding: toMoneyJson(outstanding), lateFeeOf,
})

export const toLineView = (line: InvoiceLine) => ({ kind: line.kind, description: line.description, serviceId: line.serviceId, periodStart: iso(line.periodStart), periodEnd: iso(line.periodEnd), quantity: line.quantity ?? 1, unitPrice: toMoneyJson({ ...line.amount, amount: line.amount.amount / BigInt(line.quantity ?? 1) }), amount: toMoneyJson(line.amount) })

export const toNoteView = (note: CreditNote) => ({ id: note.id, number: note.number, issuedAt: note.issuedAt.toISOString(), reason: note.reason, taxable: toMoneyJson(note.taxable), tax: toMoneyJson(note.tax), total: toMoneyJson(note.total), toCredit: toMoneyJson(note.toCredit) })

/** How a payment looks when the payments module adds nothing of its own (no QR code drawn). Settled ones show no instructions. */
export const toPaymentView = (payment: InvoicePayment): PaymentViewJson => ({
  id: payment.id, gateway: payment.gateway, method: payment.method, status: payment.status, amount: toMoneyJson(payment.amount), fee: toMoneyJson(payment.fee), createdAt: payment.createdAt.toISOString(), settledAt: iso(payment.settledAt), expiresAt: iso(payment.expiresAt),
  instructions: payment.instructions && isLive(payment.status) ? { vaNumber: payment.instructions.vaNumber, bank: payment.instructions.bank, billerCode: payment.instructions.billerCode ?? null, billKey: payment.instructions.billKey ?? null, qrSvg: null, redirectUrl: payment.instructions.redirectUrl, appUrl: payment.instructions.appUrl ?? null } : null,
})
export const isLive = (status: InvoicePayment['status']): boolean => status === 'created' || status === 'pending'

export type DescribeRail = (reason: RailReason, locale: Locale) => string
/** `describeMoved`: says that a notice goes out on another day than its own, and why. */
export interface RailWords { readonly describeRail: DescribeRail, readonly describeMoved: (moved: Moved, locale: Locale) => string }
export const railText = ({ reason, values = {}, moved }: RailStep, { describeRail, describeMoved }: RailWords, locale: Locale): string =>
  Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), describeRail(reason, locale)) + (moved ? ` · ${describeMoved(moved, locale)}` : '')

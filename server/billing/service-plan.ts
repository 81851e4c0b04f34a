import { isZero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingActionKind, BillingCycle, ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { BusinessCalendar } from './business-calendar.ts'
import { onWorkingDay } from './free-days.ts'
import type { FreeDays, Moved, Notice } from './free-days.ts'
import { feeFor } from './late-fee.ts'
import type { BillingPolicy } from './policy.ts'
import { renewalPrice } from './renewal-price.ts'
import type { PriceTerms } from './renewal-price.ts'
import { rulesFor } from './terms.ts'
import type { BillingTerms } from './terms.ts'

/** The oldest unpaid invoice (issued, due first) that has a line for the service. */
export interface OpenInvoice {
  readonly invoiceId: string, readonly number: string, readonly issuedAt: Date, readonly dueAt: Date, readonly outstanding: Money
  /** Steps of which a notice was written (or was covered by a later one). */
  readonly noticed: readonly string[]
  /** When the letter of the final notice left: the mail server took it, or refused it for good. Null while it waits, and before it is written. */
  readonly finalNoticeAt: Date | null
  /** A payment attempt is alive: a VA was given out, the bank has not answered. */
  readonly paymentUnderWay: boolean
  /** It was charged for being late, whatever became of that fee. Absent: not. */
  readonly feeCharged?: boolean
}

/** All that the calendar looks at for one service. */
export interface CalendarFacts extends PriceTerms {
  readonly serviceId: string, readonly clientId: string, readonly orderId: string, readonly hostname: string, readonly clientName: string
  readonly status: ServiceStatus, readonly suspensionReason: SuspensionReason | null, readonly cycle: BillingCycle, readonly anchorDay: number | null
  readonly cancelAtPeriodEnd: boolean, readonly holdUntil: Date | null, readonly paidUntil: Date | null
  /** It began with a trial, which ends then. */
  readonly trialEndsAt?: Date | null | undefined
  /** A fixed term: no period begins then or later. */
  readonly endsAt?: Date | null | undefined
  /** Paid once, for good: no period follows. */
  readonly forGood?: boolean | undefined
  /** Nothing was built that could be withheld: people did the work. */
  readonly byHand?: boolean | undefined
  /** The renewal that begins at `paidUntil` is invoiced already. */
  readonly renewalIssued: boolean
  readonly invoice: OpenInvoice | null
  /** What the service's client or product has of its own; null: the house's terms hold. */
  readonly terms: BillingTerms | null
}

export const finalNoticeStep = 'final'
export type ReasonCode
  = | 'renewal_lead' | 'reminder_before' | 'reminder_on' | 'reminder_after' | 'order_reminder' | 'overdue' | 'final_notice' | 'suspension' | 'termination' | 'cancelled' | 'fixed_term' | 'order_unpaid' | 'late_fee'
export interface Reason { readonly code: ReasonCode, readonly days: number, readonly at: Date, /** The notice goes out on another day than its own. */ readonly moved?: Moved }

export interface PlannedAction {
  /** The same action has the same key at every planning. */
  readonly key: string
  readonly kind: BillingActionKind
  readonly serviceId: string, readonly hostname: string, readonly clientName: string
  readonly invoiceId: string | null, readonly invoiceNumber: string | null, readonly amount: Money | null
  readonly dueSince: Date
  readonly reason: Reason
  /** Left out of the run: somebody holds the service. */
  readonly held: boolean
  /** For notices: the steps that this one message stands for; the newest last. */
  readonly steps: readonly string[]
}

export interface PlanRules {
  readonly policy: BillingPolicy, readonly calendar: BusinessCalendar
  /** A net price with its PPN, for what is foreseen of invoices that do not exist yet. Absent: there is none. */
  readonly withTax?: (net: Money, at: Date) => Money
  /** Days on which no notice goes out. Absent: none. */
  readonly freeDays?: FreeDays
}

const hours = (at: Date, count: number) => new Date(at.getTime() + count * 3_600_000)
const later = (a: Date, b: Date) => a > b ? a : b

export interface ReminderStep extends Notice { readonly step: string, readonly days: number }
/** The moments of one invoice. The same function feeds the plan, the run and the rail that a client sees on the invoice. */
export interface InvoiceSchedule { readonly reminders: readonly ReminderStep[], readonly finalNoticeAt: Date, readonly finalNoticeMoved?: Moved, readonly suspendAt: Date, readonly terminateAt: Date, /** Null: nothing is charged. */ readonly lateFeeAt: Date | null }

/**
 * Free days move notices alone, never what they announce. A reminder goes out on the working day before its own, one after the due time on the
 * next one, at the latest with the final notice; the final notice earlier. Where that would be before the invoice is there (for the final
 * notice: is due), it keeps its day.
 */
export function scheduleOf(invoice: Pick<OpenInvoice, 'issuedAt' | 'dueAt' | 'finalNoticeAt'>, firstOrder: boolean, { policy, calendar, freeDays }: PlanRules): InvoiceSchedule {
  const after = (days: number) => calendar.shiftDays(invoice.dueAt, days)
  const final = onWorkingDay(hours(after(policy.suspendAfterDays), -policy.noticeHours), -1, at => at >= invoice.dueAt, calendar, freeDays)
  const finalNoticeAt = final.at
  const reminderAt = (days: number): Notice => {
    const notice = onWorkingDay(after(days), days > 0 ? 1 : -1, at => days > 0 || at > invoice.issuedAt, calendar, freeDays)
    return days > 0 && notice.at > finalNoticeAt ? { ...notice, at: finalNoticeAt } : notice
  }
  const sentAt = invoice.finalNoticeAt ?? finalNoticeAt
  return {
    reminders: (firstOrder ? policy.orderReminderDays : policy.reminderDays).map(days => ({ step: stepName(days), days, ...reminderAt(days) })).filter(step => step.at > invoice.issuedAt),
    finalNoticeAt, ...(final.moved ? { finalNoticeMoved: final.moved } : {}),
    suspendAt: later(after(policy.suspendAfterDays), hours(sentAt, policy.noticeHours)),
    terminateAt: later(after(policy.terminateAfterDays), calendar.shiftDays(sentAt, policy.noticeToTerminationDays)),
    lateFeeAt: firstOrder || policy.lateFee.kind === 'none' ? null : after(policy.lateFee.days),
  }
}
const stepName = (days: number) => days === 0 ? 'due' : days < 0 ? `before-${-days}` : `after-${days}`

/** All periods of a fixed term are paid: it ends with the last one. */
export const termIsPaid = (facts: Pick<CalendarFacts, 'paidUntil' | 'endsAt'>): boolean => !!facts.endsAt && facts.paidUntil !== null && facts.paidUntil >= facts.endsAt

/** When the renewal invoice of a service is issued; null while there is nothing to renew. */
export const renewalInvoiceAt = (facts: Pick<CalendarFacts, 'paidUntil' | 'cancelAtPeriodEnd' | 'renewalIssued' | 'endsAt'>, { policy, calendar }: PlanRules): Date | null =>
  facts.paidUntil === null || facts.cancelAtPeriodEnd || facts.renewalIssued || termIsPaid(facts) ? null : calendar.shiftDays(facts.paidUntil, -policy.renewalLeadDays)

/** Renewal invoices are due when the new period begins, but never sooner than the minimum term after their issue; the one that follows a trial when the trial ends. */
export const renewalDueAt = (periodStart: Date, now: Date, { policy, calendar }: PlanRules, trialEndsAt?: Date | null): Date =>
  trialEndsAt && trialEndsAt > now && trialEndsAt.getTime() === periodStart.getTime() ? periodStart : later(periodStart, calendar.shiftDays(now, policy.minimumTermDays))

/** A payment under way postpones an act from the moment it is due, by at most `freezeHours`. */
const frozen = (invoice: OpenInvoice, since: Date, now: Date, { policy }: PlanRules) => invoice.paymentUnderWay && now < hours(since, policy.freezeHours)

/** The final notice is written, whether its letter left or not. */
const isWarned = ({ noticed, finalNoticeAt }: OpenInvoice) => finalNoticeAt !== null || noticed.includes(finalNoticeStep)
/** The letter of the final notice waits for the mail server. */
export const noticeWaits = (invoice: OpenInvoice): boolean => invoice.finalNoticeAt === null && isWarned(invoice)

interface Subject { readonly facts: CalendarFacts, readonly now: Date, readonly rules: PlanRules }
type Planned = Pick<PlannedAction, 'kind' | 'dueSince' | 'reason'> & { readonly discriminator: string, readonly steps?: readonly string[], readonly invoice?: OpenInvoice, readonly amount?: Money }

/** A service that was never paid for: wait, remind, then give back what its order reserved. */
function planUnpaidOrder({ now, rules }: Subject, invoice: OpenInvoice): Planned[] {
  if (now >= invoice.dueAt) {
    if (frozen(invoice, invoice.dueAt, now, rules)) return []
    return [{ kind: 'expire_order', dueSince: invoice.dueAt, reason: { code: 'order_unpaid', days: rules.policy.orderTermDays, at: invoice.dueAt }, discriminator: invoice.invoiceId, invoice }]
  }
  return planReminder(invoice, scheduleOf(invoice, true, rules), now, 'order_reminder')
}

/** One message at a time: the newest step that is due stands for the older ones that were missed. */
function planReminder(invoice: OpenInvoice, schedule: InvoiceSchedule, now: Date, code?: ReasonCode): Planned[] {
  const due = schedule.reminders.filter(step => step.at <= now)
  const newest = due.at(-1)
  if (!newest || invoice.noticed.includes(newest.step)) return []
  const reason = { code: code ?? (newest.days < 0 ? 'reminder_before' : newest.days === 0 ? 'reminder_on' : 'reminder_after'), days: Math.abs(newest.days), at: invoice.dueAt, ...(newest.moved ? { moved: newest.moved } : {}) } as const
  return [{ kind: 'send_reminder', dueSince: newest.at, reason, discriminator: `${invoice.invoiceId}:${newest.step}`, invoice, steps: missing(due.map(step => step.step), invoice) }]
}
const missing = (steps: readonly string[], invoice: OpenInvoice) => steps.filter(step => !invoice.noticed.includes(step))

function planRenewal({ facts, now, rules }: Subject): Planned[] {
  const at = renewalInvoiceAt(facts, rules)
  if (!at || at > now || !facts.paidUntil) return []
  // Whom staff suspended (abuse, on request) is not billed on before staff decides.
  if (facts.status === 'pending' || (facts.status === 'suspended' && facts.suspensionReason !== 'nonpayment')) return []
  return [{ kind: 'issue_renewal_invoice', dueSince: at, reason: { code: 'renewal_lead', days: rules.policy.renewalLeadDays, at: facts.paidUntil }, discriminator: facts.paidUntil.toISOString(), amount: renewalPrice(facts, facts.paidUntil).net }]
}

function planDunning(subject: Subject, invoice: OpenInvoice): Planned[] {
  const { facts, now, rules } = subject
  const schedule = scheduleOf(invoice, false, rules)
  const fee = planLateFee(subject, invoice, schedule)
  if (facts.status === 'suspended') return [...fee, ...planTermination(subject, invoice, schedule)]
  const overdue: Planned[] = now >= invoice.dueAt && facts.status === 'active'
    ? [{ kind: 'mark_past_due', dueSince: invoice.dueAt, reason: { code: 'overdue', days: 0, at: invoice.dueAt }, discriminator: invoice.invoiceId, invoice }]
    : []
  const begun = [...overdue, ...fee]
  if (now < schedule.finalNoticeAt) return [...begun, ...planReminder(invoice, schedule, now)]
  if (!isWarned(invoice)) {
    const steps = missing([...schedule.reminders.map(step => step.step), finalNoticeStep], invoice)
    return [...begun, { kind: 'send_final_notice', dueSince: schedule.finalNoticeAt, reason: { code: 'final_notice', days: rules.policy.suspendAfterDays, at: schedule.suspendAt, ...(schedule.finalNoticeMoved ? { moved: schedule.finalNoticeMoved } : {}) }, discriminator: invoice.invoiceId, invoice, steps }]
  }
  // Nobody is suspended for a warning that has not left our house.
  if (!invoice.finalNoticeAt) return begun
  if (now < schedule.suspendAt || frozen(invoice, schedule.suspendAt, now, rules)) return begun
  return [...fee, { kind: 'suspend', dueSince: schedule.suspendAt, reason: { code: 'suspension', days: rules.policy.suspendAfterDays, at: invoice.dueAt }, discriminator: invoice.invoiceId, invoice }]
}

/**
 * Once per invoice, before anything harsher of the same day. Nobody is charged whose money is on its way, or from whom we withhold the service
 * for another reason than money.
 */
function planLateFee({ facts, now, rules: { policy: { lateFee } } }: Subject, invoice: OpenInvoice, { lateFeeAt }: InvoiceSchedule): Planned[] {
  if (lateFee.kind === 'none' || !lateFeeAt || now < lateFeeAt || invoice.feeCharged || invoice.paymentUnderWay) return []
  if (facts.status === 'suspended' && facts.suspensionReason !== 'nonpayment') return []
  const amount = feeFor(lateFee, invoice.outstanding)
  return isZero(amount) ? [] : [{ kind: 'charge_late_fee', dueSince: lateFeeAt, reason: { code: 'late_fee', days: lateFee.days, at: invoice.dueAt }, discriminator: invoice.invoiceId, invoice, amount }]
}

function planTermination({ now, rules }: Subject, invoice: OpenInvoice, schedule: InvoiceSchedule): Planned[] {
  if (now < schedule.terminateAt || !invoice.finalNoticeAt || frozen(invoice, schedule.terminateAt, now, rules)) return []
  return [{ kind: 'terminate', dueSince: schedule.terminateAt, reason: { code: 'termination', days: rules.policy.terminateAfterDays, at: invoice.dueAt }, discriminator: invoice.invoiceId, invoice }]
}

/** Work that was done cannot be withheld: who takes his money back is reminded, no more. */
const planWork = ({ facts: { invoice }, now, rules }: Subject): Planned[] => invoice ? planReminder(invoice, scheduleOf(invoice, false, rules), now) : []

function decide(subject: Subject): Planned[] {
  const { facts, now } = subject
  if (facts.status === 'ended') return []
  if (facts.status === 'pending') return facts.invoice && !facts.paidUntil && !facts.forGood ? planUnpaidOrder(subject, facts.invoice) : []
  if (facts.byHand) return planWork(subject)
  // Cancelled: it ends when what is paid ends, without reminders and without a limbo of suspension.
  if (facts.cancelAtPeriodEnd && facts.paidUntil) {
    return facts.paidUntil <= now ? [{ kind: 'end_at_period_end', dueSince: facts.paidUntil, reason: { code: 'cancelled', days: 0, at: facts.paidUntil }, discriminator: facts.paidUntil.toISOString() }] : []
  }
  // A fixed term ends with its last period, unless that is owed again: then as every debt.
  if (termIsPaid(facts) && facts.paidUntil && facts.paidUntil <= now && !facts.invoice) return [{ kind: 'end_at_period_end', dueSince: facts.paidUntil, reason: { code: 'fixed_term', days: 0, at: facts.paidUntil }, discriminator: facts.paidUntil.toISOString() }]
  return [...planRenewal(subject), ...(facts.invoice ? planDunning(subject, facts.invoice) : [])]
}

/**
 * What is to be done for one service at a moment by its own terms, and why. A pure function of (facts, rules, now): the run executes exactly its answer,
 * the admin page shows it, and it answers "what happens next". Suspension needs an issued invoice that is overdue AND a final notice whose
 * letter left at least `noticeHours` ago; termination needs a suspended service.
 */
export function planService(facts: CalendarFacts, rules: PlanRules, now: Date): PlannedAction[] {
  const held = facts.holdUntil !== null && facts.holdUntil > now
  return decide({ facts, now, rules: rulesFor(facts.terms, rules) }).map(({ discriminator, invoice, steps, amount, ...planned }) => ({
    ...planned, key: `${planned.kind}:${facts.serviceId}:${discriminator}`, serviceId: facts.serviceId, hostname: facts.hostname, clientName: facts.clientName,
    invoiceId: invoice?.invoiceId ?? null, invoiceNumber: invoice?.number ?? null, amount: amount ?? invoice?.outstanding ?? null, held, steps: steps ?? [],
  }))
}

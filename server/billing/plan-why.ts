import type { BillingActionKind } from '#shared/vocabulary/billing.ts'
import type { Moved } from './free-days.ts'
import type { PlanDifference } from './plan-difference.ts'
import { stepOf } from './plan-entry.ts'
import type { PlanEntry } from './plan-entry.ts'
import type { InvoiceEvidence, ServiceEvidence } from './plan-snapshot-ports.ts'
import { finalNoticeStep } from './service-plan.ts'

export type PlanWhyCode
  = | 'done' | 'paid' | 'paid_by_credit' | 'voided' | 'uncollectible' | 'ended' | 'cancelled' | 'held' | 'hold_over' | 'payment_under_way' | 'suspended' | 'ordered' | 'invoice_issued' | 'money_back' | 'period_paid'
    | 'moved' | 'final_notice_sent' | 'terms' | 'plan_change' | 'price' | 'partly_paid' | 'credited' | 'state' | 'unknown'
/** Why a plan became different, as far as it is on record. `subject`: the number of an invoice or order. */
export interface PlanWhy { readonly code: PlanWhyCode, readonly at?: Date | null, readonly subject?: string | null, readonly moved?: Moved }

/** What is known about one difference. */
export interface PlanEvidence {
  readonly since: Date, readonly now: Date, readonly service: ServiceEvidence
  /** The invoice that the act is about, if there is one by now. */
  readonly invoice: InvoiceEvidence | null
  /** The renewal of the act's period is there. */
  readonly renewed: boolean
  /** When the notice of a step went out. */
  readonly noticedAt: (step: string) => Date | null
  readonly paymentUnderWay: boolean
  /** Anything of the service was held when the earlier plan was made. */
  readonly wasHeld: boolean
}

const heldNow = ({ service, now }: PlanEvidence) => service.holdUntil !== null && service.holdUntil > now
const held = ({ service }: PlanEvidence): PlanWhy => ({ code: 'held', at: service.holdUntil })
const after = (at: Date | null | undefined, since: Date): at is Date => !!at && at >= since

const done = (at: Date | null, { invoice }: PlanEvidence): PlanWhy | null => at && { code: 'done', at, subject: invoice?.number ?? null }
/** When the service went into a state since the earlier plan; the condition has to hold besides. */
const moved = (to: string, evidence: PlanEvidence, condition = true) =>
  done(condition ? evidence.service.moves.find(move => move.to === to && move.at >= evidence.since)?.at ?? null : null, evidence)
const noticed = (entry: PlanEntry, evidence: PlanEvidence) => done(evidence.noticedAt(stepOf(entry, finalNoticeStep)), evidence)

/** By which trace of its own an act is known to have been carried out; null: there is none. */
const carriedOut: Record<BillingActionKind, (entry: PlanEntry, evidence: PlanEvidence) => PlanWhy | null> = {
  issue_renewal_invoice: (_, { renewed, invoice }) => renewed ? { code: 'done', at: invoice?.issuedAt ?? null, subject: invoice?.number ?? null } : null,
  send_reminder: noticed,
  send_final_notice: noticed,
  charge_late_fee: (_, evidence) => done(evidence.invoice?.feeAt ?? null, evidence),
  mark_past_due: (_, evidence) => moved('past_due', evidence),
  suspend: (_, evidence) => moved('suspended', evidence, evidence.service.suspensionReason === 'nonpayment' || evidence.service.status === 'ended'),
  terminate: (_, evidence) => moved('ended', evidence, evidence.service.endReason === 'nonpayment'),
  expire_order: (_, evidence) => moved('ended', evidence, evidence.service.endReason === 'order_expired'),
  end_at_period_end: (entry, evidence) => moved('ended', evidence, evidence.service.endedAt !== null && evidence.service.endedAt >= entry.dueSince),
}

function whyClosed(invoice: InvoiceEvidence | null): PlanWhy | null {
  if (invoice?.status === 'paid') return { code: invoice.booked?.cause === 'credit_applied' ? 'paid_by_credit' : 'paid', at: invoice.paidAt, subject: invoice.number }
  if (invoice?.status === 'void') return { code: 'voided', at: invoice.closedAt, subject: invoice.number }
  return invoice?.status === 'uncollectible' ? { code: 'uncollectible', at: invoice.closedAt, subject: invoice.number } : null
}

function whyWent(entry: PlanEntry, evidence: PlanEvidence): PlanWhy {
  const { since, service, invoice } = evidence
  const closed = carriedOut[entry.kind](entry, evidence) ?? whyClosed(invoice)
  if (closed) return closed
  if (service.status === 'ended') return { code: 'ended', at: service.endedAt }
  if (service.cancelAtPeriodEnd && entry.kind !== 'end_at_period_end') return { code: 'cancelled' }
  if (heldNow(evidence)) return held(evidence)
  if (evidence.paymentUnderWay) return { code: 'payment_under_way' }
  if (service.status === 'suspended' && service.suspensionReason !== 'nonpayment') return { code: 'suspended', at: service.moves.findLast(move => move.to === 'suspended')?.at ?? null }
  return whyOtherwise(service, since)
}

function whyCame(entry: PlanEntry, evidence: PlanEvidence): PlanWhy {
  const { since, service, invoice } = evidence
  if (after(service.createdAt, since)) return { code: 'ordered', at: service.createdAt, subject: service.orderNumber }
  if (evidence.wasHeld && !heldNow(evidence)) return { code: 'hold_over' }
  if (entry.kind === 'end_at_period_end' && service.cancelAtPeriodEnd) return { code: 'cancelled' }
  if (invoice) return whyCameOf(invoice, since) ?? whyMoved(service, since)
  return after(service.periodPaidAt, since) ? { code: 'period_paid', at: service.periodPaidAt } : whyMoved(service, since)
}
function whyCameOf({ booked, issuedAt, number }: InvoiceEvidence, since: Date): PlanWhy | null {
  if (booked && isMoneyBack(booked.cause) && after(booked.at, since)) return { code: 'money_back', at: booked.at, subject: number }
  return after(issuedAt, since) ? { code: 'invoice_issued', at: issuedAt, subject: number } : null
}
function whyMoved(service: ServiceEvidence, since: Date): PlanWhy {
  const move = service.moves.at(-1)
  return move ? { code: 'state', at: move.at } : whyOtherwise(service, since)
}
const isMoneyBack = (cause: string | undefined) => cause === 'payment_reversed' || cause === 'refund'

function whyChanged(before: PlanEntry, entry: PlanEntry, evidence: PlanEvidence): PlanWhy {
  const { since, service, invoice, noticedAt } = evidence
  if (before.held !== entry.held) return entry.held ? held(evidence) : { code: 'hold_over' }
  if (before.amount?.amount !== entry.amount?.amount) return whyAmount(evidence)
  if (entry.reason?.moved) return { code: 'moved', moved: entry.reason.moved }
  const notice = noticedAt(finalNoticeStep)
  if ((entry.kind === 'suspend' || entry.kind === 'terminate') && after(notice, since)) return { code: 'final_notice_sent', at: notice }
  if (!before.invoiceId && invoice && after(invoice.issuedAt, since)) return { code: 'invoice_issued', at: invoice.issuedAt, subject: invoice.number }
  return whyOtherwise(service, since)
}

function whyAmount({ since, service, invoice }: PlanEvidence): PlanWhy {
  if (invoice?.booked && after(invoice.booked.at, since) && invoice.booked.cause !== 'invoice_issued') {
    const { cause, at } = invoice.booked
    return { code: isMoneyBack(cause) ? 'money_back' : cause === 'credit_note' ? 'credited' : 'partly_paid', at, subject: invoice.number }
  }
  if (invoice && after(invoice.issuedAt, since)) return { code: 'invoice_issued', at: invoice.issuedAt, subject: invoice.number }
  if (after(service.changeAskedAt, since)) return { code: 'plan_change', at: service.changeAskedAt }
  return after(service.priceToldAt, since) ? { code: 'price', at: service.priceToldAt } : { code: 'unknown' }
}

const whyOtherwise = ({ termsChangedAt }: ServiceEvidence, since: Date): PlanWhy => after(termsChangedAt, since) ? { code: 'terms', at: termsChangedAt } : { code: 'unknown' }

/** Why this became different: the strongest cause that is on record, `unknown` when none is. Nothing is guessed from the clock. */
export function explainDifference({ before, now }: PlanDifference, evidence: PlanEvidence): PlanWhy {
  if (before && now) return whyChanged(before, now, evidence)
  const entry = before ?? now
  if (!entry) return { code: 'unknown' }
  return before ? whyWent(entry, evidence) : whyCame(entry, evidence)
}

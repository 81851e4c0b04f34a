export const recurringCycles = ['monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially'] as const
export type RecurringCycle = typeof recurringCycles[number]
/** How a service is paid. `one_time`: once, for good; nothing of it is ever renewed. */
export const billingCycles = [...recurringCycles, 'one_time'] as const
export type BillingCycle = typeof billingCycles[number]
export const isRecurring = (cycle: BillingCycle): cycle is RecurringCycle => cycle !== 'one_time'
export const monthsOfCycle: Record<RecurringCycle, number> = { monthly: 1, quarterly: 3, semiannually: 6, annually: 12, biennially: 24, triennially: 36 }
/** Of a service that has a next period. @throws RangeError for what is paid once: nothing of it follows */
export function monthsOf(cycle: BillingCycle): number {
  if (!isRecurring(cycle)) throw new RangeError('what is paid once has no next period')
  return monthsOfCycle[cycle]
}

export const invoiceStatuses = ['draft', 'issued', 'paid', 'void', 'uncollectible'] as const
export type InvoiceStatus = typeof invoiceStatuses[number]
export const invoiceLineKinds = ['service', 'setup', 'discount', 'setup_discount', 'other', 'deposit', 'change', 'late_fee', 'option'] as const
export type InvoiceLineKind = typeof invoiceLineKinds[number]
/** Lines of a service that are earned day by day over its period, though the first one is only known when it is paid. */
export const periodLineKinds = ['service', 'option', 'discount'] as const satisfies readonly InvoiceLineKind[]
export const earnsOverPeriod = (kind: InvoiceLineKind): boolean => (periodLineKinds as readonly InvoiceLineKind[]).includes(kind)
/** Negative lines: what is taken off a period (`discount`) or off a set-up fee. */
export const isDiscount = (kind: InvoiceLineKind): boolean => kind === 'discount' || kind === 'setup_discount'

/** The commercial side of a service. Its machine is the `ResourceStatus`. */
export const serviceStatuses = ['pending', 'active', 'past_due', 'suspended', 'ended'] as const
export type ServiceStatus = typeof serviceStatuses[number]
export const suspensionReasons = ['nonpayment', 'abuse', 'request', 'other'] as const
export type SuspensionReason = typeof suspensionReasons[number]
export const endReasons = ['nonpayment', 'request', 'fraud', 'order_expired', 'fixed_term'] as const
export type EndReason = typeof endReasons[number]

/** Why a client ends a service; `other` is told in words. */
export const cancelReasons = ['too_expensive', 'not_needed', 'other_provider', 'quality', 'other'] as const
export type CancelReason = typeof cancelReasons[number]

/** When a change of a service's product or cycle begins: at once, for the difference, or with the next period that is invoiced. */
export const changeTimings = ['now', 'renewal'] as const
export type ChangeTiming = typeof changeTimings[number]
/** `applied`: product and price are the new ones, the machine follows. */
export const changeStatuses = ['waiting', 'applied', 'done', 'lapsed', 'cancelled'] as const
export type ChangeStatus = typeof changeStatuses[number]

/** Services whose renewals are brought to one day: `waiting` for the money, `applied` with it. */
export const alignmentStatuses = ['waiting', 'applied', 'lapsed', 'cancelled'] as const
export type AlignmentStatus = typeof alignmentStatuses[number]

/** What the billing calendar can decide to do to one service. */
export const billingActionKinds = [
  'issue_renewal_invoice', 'send_reminder', 'mark_past_due', 'charge_late_fee', 'send_final_notice', 'suspend', 'terminate', 'end_at_period_end', 'expire_order',
] as const
export type BillingActionKind = typeof billingActionKinds[number]

export const orderStatuses = ['placed', 'paid', 'fulfilling', 'fulfilled', 'cancelled'] as const
export type OrderStatus = typeof orderStatuses[number]

export const ledgerAccounts = ['receivable', 'gateway_clearing', 'bank', 'client_credit', 'ppn_payable', 'revenue', 'late_fees', 'bad_debt', 'write_off', 'gateway_fees', 'deposits', 'expenses', 'equity', 'suspense'] as const
export type LedgerAccount = typeof ledgerAccounts[number]
export const ledgerCauses = ['invoice_issued', 'invoice_voided', 'invoice_uncollectible', 'payment_received', 'payment_reversed', 'credit_applied', 'manual_payment', 'refund', 'credit_note', 'credit_refund', 'deposit_paid', 'gateway_fee', 'gateway_payout', 'written_off', 'manual_entry'] as const
export type LedgerCause = typeof ledgerCauses[number]
/** What the self-audit of the ledger proves. */
export const ledgerChecks = ['balance', 'chain', 'invoices', 'payments', 'credit'] as const
export type LedgerCheck = typeof ledgerChecks[number]

/** How the plan of a day differs from yesterday's: `done` went because the calendar carried it out. */
export const planChanges = ['came', 'went', 'changed', 'done'] as const
export type PlanChangeKind = typeof planChanges[number]

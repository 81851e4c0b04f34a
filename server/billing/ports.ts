import type { Money } from '#shared/money/money.ts'
import type { BillingCycle, EndReason, SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { Actor, KernelStores } from '../kernel/ports.ts'
import type { MailOutbox } from '../notifications/ports.ts'

/**
 * What other modules may ask of billing, each inside their own transaction: the caller hands in its open stores, so that the payment row
 * and its journal entry, or the order and its invoice, exist together or not at all.
 */
export interface OrderInvoiceInput {
  readonly orderId: string, readonly clientId: string
  readonly lines: readonly { readonly serviceId: string, readonly description: string, readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money, readonly discount: Money }[]
  readonly discountLabel: string | null
}
/** Issues the first invoice of an order: number, ledger entry and mail in this transaction. An invoice of 0 is paid at once. */
export type IssueOrderInvoice = (stores: KernelStores, input: OrderInvoiceInput) => Promise<{ invoiceId: string, total: Money }>

export interface PaymentBooking { readonly paymentId: string, readonly invoiceId: string, readonly clientId: string, readonly gateway: GatewayName | null, readonly amount: Money, readonly at: Date, readonly actor: Actor }
/**
 * Books money that has reached us: up to what the invoice still asks for it pays the invoice, the rest is client credit. Whatever the
 * invoice's state, the money is booked; booking one payment twice has one effect.
 */
export type BookPayment = (stores: KernelStores, booking: PaymentBooking) => Promise<{ toInvoice: Money, toCredit: Money, invoicePaid: boolean }>
/** Takes a booked payment back (a settlement that the gateway denied, a refund, a charge-back): the invoice is owed again. */
export type ReversePayment = (stores: KernelStores, booking: PaymentBooking & { readonly cause: 'denied' | 'refunded' | 'charged_back' }) => Promise<void>

/** What an invoice still asks for; null when it cannot be paid (draft, paid, void, uncollectible) or does not exist. Locks its row. */
export interface PayableInvoice { readonly invoiceId: string, readonly number: string, readonly clientId: string, readonly outstanding: Money, readonly dueAt: Date, readonly lines: readonly { readonly id: string, readonly name: string, readonly amount: Money }[] }
export type FindPayableInvoice = (stores: KernelStores, input: { readonly invoiceId: string, readonly clientId: string }) => Promise<PayableInvoice | null>

/** The machine was read back and runs: the service becomes active (pending or suspended → active). Any other state: nothing is done. */
export type MarkServiceActive = (stores: KernelStores, input: { readonly serviceId: string, readonly cause: string, readonly actor: Actor }) => Promise<void>
export type SuspendService = (stores: KernelStores, input: { readonly serviceId: string, readonly reason: SuspensionReason, readonly note: string, readonly actor: Actor }) => Promise<void>
/** Lifts a suspension: the machine is started, and the service turns active once that is proven. */
export type ResumeService = (stores: KernelStores, input: { readonly serviceId: string, readonly note: string, readonly actor: Actor }) => Promise<void>
export type EndService = (stores: KernelStores, input: { readonly serviceId: string, readonly reason: EndReason, readonly note: string, readonly actor: Actor }) => Promise<void>

/** What stands under `services` for the modules that build and show machines. */
export interface ServiceFacts {
  readonly serviceId: string, readonly clientId: string, readonly productId: string, readonly orderId: string, readonly hostname: string, readonly status: string, readonly templateId: string | null, readonly sshKey: string | null
  readonly spec: { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number }
}

/** The PPN on a price, by the rule in force: one function for storefront, cart and invoice. */
export interface TaxFigures { readonly taxable: Money, readonly dpp: Money, readonly tax: Money, readonly total: Money, readonly rule: string }
export type ComputeTax = (taxable: Money, at: Date) => TaxFigures

export interface BillingMail { readonly mail: MailOutbox }

import type { Money } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { InvoiceStatus } from '#shared/vocabulary/billing.ts'
import type { GatewayFinding, GatewayMethod, GatewayName, PaymentMethod, PaymentStatus, WebhookStatus } from '#shared/vocabulary/payments.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { KernelStores, Page, PageRequest } from '../kernel/ports.ts'
import type { ComparisonStore, FeeRuleStore, PayoutStore } from './reconciliation-ports.ts'
import type { GatewayRefunds, GatewayReturn, RefundStore } from './refund-ports.ts'
import type { GatewaySettingsStore } from './gateway-ports.ts'

export interface GatewayCharge {
  /** Ours, unique, used once at the gateway. */
  readonly orderId: string
  readonly amount: Money
  readonly method: GatewayMethod
  /** Lines that add up to `amount` exactly. */
  readonly lines: readonly { readonly id: string, readonly name: string, readonly amount: Money }[]
  readonly buyer: { readonly name: string, readonly email: string, readonly phone: string | null }
  readonly expiresAt: Date
  readonly now: Date
  /** Where the gateway's own page sends the buyer back to. */
  readonly returnUrl: string
  /** Of the gateway's own page. */
  readonly locale: Locale
}
export interface GatewayInstructions {
  readonly vaNumber: string | null, readonly bank: string | null, readonly qrString: string | null
  /** Mandiri's bill payment: whom to pay, and for what. */
  readonly billerCode: string | null, readonly billKey: string | null
  /** A page of the gateway to pay on (or a picture of the QR code). */
  readonly redirectUrl: string | null
  /** Opens the wallet's app on a telephone. */
  readonly appUrl: string | null
  /** What cancels the gateway's page; it never leaves the server. */
  readonly token: string | null
}
export const noInstructions: GatewayInstructions = { vaNumber: null, bank: null, qrString: null, billerCode: null, billKey: null, redirectUrl: null, appUrl: null, token: null }
export interface StartedCharge { readonly gatewayTransactionId: string | null, readonly instructions: GatewayInstructions, readonly expiresAt: Date }

/** A gateway's state of one charge, as read back from it. */
export interface GatewayState {
  readonly status: 'pending' | 'settled' | 'expired' | 'failed' | 'denied' | 'refunded' | 'charged_back' | 'review'
  readonly gatewayTransactionId: string, readonly orderId: string, readonly amount: Money, readonly settledAt: Date | null
  /** What a payment page was paid with, where the gateway tells. */
  readonly channel?: PaymentMethod
  /** Everything that went back so far; with `refunded` and `charged_back`. */
  readonly refunds?: readonly GatewayReturn[]
}

/** What a verified notification says. It proves only who sent it: the state is read back before anything is booked. */
export interface Notification { readonly orderId: string, readonly gatewayTransactionId: string | null, readonly event: string }

/** All failures are `DriverError`s; an answer that never came is `unknown_outcome`. */
export interface PaymentGateway {
  readonly name: GatewayName
  readonly methods: readonly GatewayMethod[]
  start(charge: GatewayCharge): Promise<StartedCharge>
  /**
   * Null: the gateway does not know it (Snap before a method was chosen). `notifiedId`: what a proven notification names; asked for only
   * where there is nothing else to ask by. The answer says whose order it is.
   */
  read(input: { readonly orderId: string, readonly gatewayTransactionId: string | null, readonly notifiedId?: string | null }): Promise<GatewayState | null>
  /** Makes it impossible to pay; `false` when it is paid or closed already (then read). */
  cancel(input: { readonly orderId: string, readonly token: string | null }): Promise<boolean>
  /** Absent: this gateway gives nothing back by itself. */
  readonly refund?: GatewayRefunds
  /** Verifies the bytes as received. @throws AppError webhook_refused (bad proof), webhook_unreadable, gateway_not_configured (no secret: fail closed). */
  verify(input: { readonly raw: Uint8Array, readonly headers: Readonly<Record<string, string>> }): Notification
  /** Asks the gateway live, without any effect, whether it can be used as set up. Never throws. */
  check(): Promise<readonly GatewayCheck[]>
}
/** `api`: it answers and takes our key. `page`: so does the host of its own page. `notifications`: a secret proves them. */
export interface GatewayCheck { readonly check: 'api' | 'page' | 'notifications', readonly ok: boolean, readonly milliseconds: number, readonly finding: GatewayFinding, /** What was said, where something failed. */ readonly detail: string | null }

/** Stores a proven notification; resolves once it is committed. */
export type KeepWebhook = (hook: NewWebhook) => Promise<void>

/** Proves a notification without being able to charge. */
export type NotificationVerifier = Pick<PaymentGateway, 'name' | 'verify'>
/** A gateway as it is set up at this moment; null: it has no key. */
export type Gateways = (name: GatewayName) => Promise<PaymentGateway | null>
/** Also of a gateway without a key: it may still be owed an answer. */
export type NotificationVerifiers = (name: GatewayName) => Promise<NotificationVerifier>

/** One attempt to pay one invoice. Manual payments and credit stand beside them without a gateway. */
export interface Payment {
  readonly id: string, readonly invoiceId: string, readonly clientId: string, readonly gateway: GatewayName | null, readonly method: PaymentMethod, readonly status: PaymentStatus
  readonly gatewayOrderId: string | null, readonly gatewayTransactionId: string | null, readonly amount: Money, readonly instructions: GatewayInstructions | null
  readonly createdAt: Date, readonly expiresAt: Date | null, readonly settledAt: Date | null, readonly checkedAt: Date | null
  /** What was really received; null before. */
  readonly settledAmount: Money | null, readonly channel: PaymentMethod | null
  /** What of the amount is the method's fee, PPN included, and the invoice that took it. */
  readonly fee: Money, readonly feeInvoiceId: string | null
}
export interface NewAttempt { readonly id: string, readonly invoiceId: string, readonly clientId: string, readonly gateway: GatewayName, readonly method: GatewayMethod, readonly gatewayOrderId: string, readonly amount: Money, readonly fee: Money, readonly createdAt: Date, readonly expiresAt: Date }
export interface PaymentListItem extends Payment { readonly invoiceNumber: string | null, readonly clientName: string }
export interface PaymentFilter extends PageRequest { readonly q?: string | undefined, readonly status?: PaymentStatus | undefined, readonly gateway?: GatewayName | undefined }

export interface PaymentStore {
  find(id: string): Promise<Payment | null>
  /** Locks the invoice's row, then the payment's: everything that touches both goes in this order. */
  lock(id: string): Promise<Payment | null>
  /** Those of the asked-for that are known, in no order. */
  findByGatewayOrders(asked: readonly { readonly gateway: GatewayName, readonly gatewayOrderId: string }[]): Promise<Payment[]>
  /** The attempt that is created or pending: at most one per invoice. */
  findLive(invoiceId: string): Promise<Payment | null>
  /** Payments of an invoice that were settled, those that went back included, the newest first. */
  listSettled(invoiceId: string): Promise<Payment[]>
  /** Tells a foreign or missing invoice (null) from one that cannot be paid. */
  statusOfInvoice(invoiceId: string, clientId: string): Promise<InvoiceStatus | null>
  /** @throws AppError payment_in_progress when the invoice has a live attempt */
  insert(attempt: NewAttempt): Promise<void>
  setStatus(id: string, change: { readonly status: PaymentStatus, readonly settledAt?: Date, readonly settledAmount?: Money, readonly channel?: PaymentMethod, readonly expiresAt?: Date, readonly instructions?: GatewayInstructions, readonly gatewayTransactionId?: string | null, readonly feeInvoiceId?: string | null, readonly problem?: string | null }): Promise<void>
  markChecked(id: string, at: Date, problem: string | null): Promise<void>
  /** Attempts that should be asked for at their gateway now, longest unasked first. */
  listDue(input: { readonly at: Date, readonly limit: number }): Promise<string[]>
  /** Live attempts whose invoice no longer wants money. */
  listStray(limit: number): Promise<string[]>
  list(filter: PaymentFilter): Promise<Page<PaymentListItem>>
}

export interface StoredWebhook {
  readonly id: string, readonly gateway: GatewayName, readonly status: WebhookStatus, readonly receivedAt: Date, readonly handledAt: Date | null, readonly orderId: string | null, readonly event: string | null, readonly gatewayTransactionId: string | null
  readonly reason: string | null, readonly attempts: number, readonly deliveries: number, readonly body: string
}
export interface NewWebhook { readonly gateway: GatewayName, readonly dedupeKey: string, readonly status: WebhookStatus, readonly orderId: string | null, readonly gatewayTransactionId: string | null, readonly event: string | null, readonly body: string, readonly headers: Readonly<Record<string, string>>, readonly reason: string | null, readonly at: Date }
export interface WebhookFilter extends PageRequest { readonly q?: string | undefined, readonly status?: WebhookStatus | undefined, readonly gateway?: GatewayName | undefined }
export interface WebhookStore {
  /** Stores deliveries in one statement; equal ones share a row and count up. Answers whether any of them waits for work. */
  store(hooks: readonly NewWebhook[]): Promise<boolean>
  /** Counts at most `limit`. */
  countRefusedSince(moment: Date, limit: number): Promise<number>
  lock(id: string): Promise<StoredWebhook | null>
  /** Takes the oldest that wait and are due: counts an attempt, and lets nobody else begin before the lease is over. */
  beginWork(input: { readonly at: Date, readonly leaseSeconds: number, readonly limit: number }): Promise<StoredWebhook[]>
  putOff(id: string, until: Date): Promise<void>
  finish(ids: readonly string[], result: { readonly status: WebhookStatus, readonly reason: string | null, readonly at: Date }): Promise<void>
  /** Waits for work again. */
  reopen(id: string): Promise<void>
  list(filter: WebhookFilter): Promise<Page<StoredWebhook>>
}

export interface PaymentStores extends KernelStores { readonly payments: PaymentStore, readonly webhooks: WebhookStore, readonly gatewaySettings: GatewaySettingsStore, readonly refunds: RefundStore, readonly feeRules: FeeRuleStore, readonly payouts: PayoutStore, readonly comparisons: ComparisonStore, readonly audit: AuditTrail }

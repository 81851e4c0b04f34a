import type { Money } from '#shared/money/money.ts'
import type { TaxFigures } from '#shared/money/tax.ts'
import type { BillingCycle, CancelReason, EndReason, InvoiceStatus, LedgerAccount, LedgerCause, LedgerCheck, OrderStatus, ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { GatewayMethod, GatewayName, PaymentMethod, PaymentStatus } from '#shared/vocabulary/payments.ts'
import type { RefundConsequence } from '#shared/vocabulary/refunds.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { Actor, KernelStores, Page, PageRequest, TransitionLog } from '../kernel/ports.ts'
import type { MailOutbox } from '../notifications/ports.ts'
import type { AlignmentStore } from './alignment-ports.ts'
import type { HolidayStore } from './holiday-ports.ts'
import type { ChangeStore } from './change-ports.ts'
import type { DepositStore } from './deposit-ports.ts'
import type { CreditNoteStore, DraftStore, TaxDocumentStore } from './invoicing-ports.ts'
import type { Invoice, InvoiceLine, InvoiceWithClient, Party } from './invoice-record.ts'
import type { BookedEntry, Seal } from './journal-seal.ts'
import type { JournalEntry, JournalLine } from './ledger.ts'
import type { LateFeeStore } from './late-fee-ports.ts'
import type { ReturnParts, ReturnWay } from './return-entries.ts'
import type { LifeStore } from './life-ports.ts'
import type { ManualEntryStore, PeriodStore } from './ledger-ports.ts'
import type { PlanSnapshotStore } from './plan-snapshot-ports.ts'
import type { PriceChangeStore } from './price-ports.ts'
import type { PriceChange, PriceTerms, RenewalDiscount, RenewalPrice } from './renewal-price.ts'
import type { CalendarFacts } from './service-plan.ts'
import type { TaxRuleStore } from './tax-book.ts'
import type { BillingTerms } from './terms.ts'
import type { ClientGroupStore, TermsStore } from './terms-ports.ts'

/**
 * What other modules may ask of billing, each inside their own transaction: the caller hands in its open stores, so that the payment row
 * and its journal entry, or the order and its invoice, exist together or not at all.
 */
export interface OrderInvoiceInput {
  readonly orderId: string, readonly clientId: string
  readonly lines: readonly { readonly serviceId: string, readonly description: string, readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money, /** One line each; `price` is of the whole period. */ readonly options?: readonly { readonly description: { readonly id: string, readonly en: string }, readonly price: Money, readonly setup: Money }[], readonly discounts: readonly OrderDiscount[] }[]
}
/** What a code takes off the period or off the set-up fee of one service. */
export interface OrderDiscount { readonly promoId: string | null, readonly label: string, readonly off: 'period' | 'setup', readonly amount: Money }
/** Issues the first invoice of an order: number, ledger entry and mail in this transaction. An invoice of 0 is paid at once. */
export type IssueOrderInvoice = (stores: KernelStores, input: OrderInvoiceInput) => Promise<{ invoiceId: string, total: Money }>

export interface PaymentBooking { readonly paymentId: string, readonly invoiceId: string, readonly clientId: string, readonly gateway: GatewayName | null, readonly amount: Money, readonly at: Date, readonly actor: Actor, /** Asked for over the invoice on purpose (a transfer's unique code): that it becomes credit is no news. */ readonly expectedCredit?: Money }
/**
 * Books money that has reached us: up to what the invoice still asks for it pays the invoice, the rest is client credit. Whatever the
 * invoice's state, the money is booked; booking one payment twice has one effect.
 */
export type BookPayment = (stores: KernelStores, booking: PaymentBooking) => Promise<{ toInvoice: Money, toCredit: Money, invoicePaid: boolean }>
/** What a buyer paid on top for a method, PPN included. */
export interface BuyerFee { readonly clientId: string, readonly total: Money, readonly method: PaymentMethod, readonly actor: Actor }
/** The fee of a method in its buyer's language, as it stands on the invoice and at the gateway. */
export type DescribeBuyerFee = (locale: Locale, method: PaymentMethod) => string
/** Invoices a buyer's fee and pays it from the credit that the payment left for it. */
export type ChargeBuyerFee = (stores: KernelStores, fee: BuyerFee) => Promise<{ invoiceId: string }>
/** Takes a booked payment back whole (a settlement that the gateway denied), the buyer's fee in it too: the invoice is owed again. */
export type ReversePayment = (stores: KernelStores, booking: PaymentBooking & { readonly feeInvoiceId?: string | null, readonly cause: 'denied' | 'charged_back' }) => Promise<void>

// What the payments module asks of the ledger when money goes back, is kept or is paid out -----------------------------------------

export interface MoneyReturn extends PaymentBooking {
  /** Names the return: booked once. */
  readonly returnId: string
  /** Of all earlier returns of this payment, those included that were won back. */
  readonly earlier: readonly string[]
  readonly way: ReturnWay
  readonly cause: 'refund' | 'payment_reversed'
  readonly consequence: RefundConsequence
  /** Why, for the memo and the invoice's transition. */
  readonly word: 'denied' | 'refunded' | 'charged_back'
  /** We decide about it: refused when nothing can bear it. What already happened outside is booked in any case. */
  readonly strict: boolean
  readonly mail: 'payment_refunded' | 'payment_charged_back' | 'payment_corrected' | null
  /** What asked for the buyer's fee, where the fee goes back with the payment's last Rupiah: credited first, so that its credit is there to take. */
  readonly feeInvoiceId?: string | null
  /** Says who would bear it, and books nothing. */
  readonly probe?: boolean
}
export interface FeeBooking { readonly paymentId: string, readonly invoiceId: string, readonly clientId: string, readonly gateway: GatewayName, /** Null: the settlement was taken back within minutes, so it cost nothing. */ readonly fee: Money | null, readonly memo: string, readonly actor: Actor }
export interface PayoutBooking { readonly payoutId: string, readonly gateway: GatewayName, readonly amount: Money, readonly fee: Money, readonly reference: string, readonly actor: Actor }
export interface CreditPayout { readonly payoutId: string, readonly clientId: string, readonly amount: Money, readonly reference: string, readonly actor: Actor }

/** Books that money of a payment goes back, in part or whole (a refund, a charge-back): who bears it is decided here. Twice has one effect. @throws AppError refund_not_covered (strict only) */
export type ReturnMoney = (stores: KernelStores, input: MoneyReturn) => Promise<ReturnParts | null>
/** Books that unused credit was transferred to its client. @throws AppError credit_insufficient */
export type PayOutCredit = (stores: KernelStores, input: CreditPayout) => Promise<void>
/** Books what a gateway keeps of a settled payment; null as the fee gives back what was booked, because the settlement never was. */
export type BookGatewayFee = (stores: KernelStores, input: FeeBooking) => Promise<void>
export type BookPayout = (stores: KernelStores, input: PayoutBooking) => Promise<void>

/** Money that staff saw on the bank account, booked as a payment of its own in the caller's transaction; its id is answered. @throws AppError not_found, transfer_known */
export type BookManualPayment = (stores: KernelStores, input: { readonly invoiceId: string, readonly amount: Money, readonly at: Date, readonly reference: string, readonly actor: Actor }) => Promise<{ paymentId: string, clientId: string }>
/** Money on the bank account that is no invoice's: it becomes the client's credit. `causeId` makes it one. @throws AppError not_found */
export type CreditClient = (stores: KernelStores, input: { readonly clientId: string, readonly amount: Money, readonly causeId: string, readonly memo: string, readonly actor: Actor }) => Promise<void>
/** Money that became a client's credit was not theirs: it is taken back, once. @throws AppError credit_insufficient when it was spent */
export type TakeCreditBack = CreditClient
/** Pays an invoice from its client's credit, as far as both reach and at most `atMost`; `causeId` makes it one. What cannot be paid so (not issued, not theirs, a deposit) takes nothing. */
export type ApplyCredit = (stores: KernelStores, input: { readonly invoiceId: string, readonly clientId: string, readonly atMost: Money | null, readonly causeId: string, readonly actor: Actor }) => Promise<{ applied: Money, left: Money }>

/** What an invoice still asks for; null when it cannot be paid (draft, paid, void, uncollectible) or does not exist. Locks its row. */
export interface PayableInvoice { readonly invoiceId: string, readonly number: string, readonly clientId: string, readonly outstanding: Money, readonly dueAt: Date, readonly lines: readonly { readonly id: string, readonly name: string, readonly amount: Money }[] }
export type FindPayableInvoice = (stores: KernelStores, input: { readonly invoiceId: string, readonly clientId: string }) => Promise<PayableInvoice | null>

/** The machine was read back and runs: the service becomes active (pending or suspended → active). Any other state: nothing is done. */
export type MarkServiceActive = (stores: KernelStores, input: { readonly serviceId: string, readonly cause: string, readonly actor: Actor, /** People did it; no machine was read back. */ readonly byHand?: boolean | undefined }) => Promise<void>
export type SuspendService = (stores: KernelStores, input: { readonly serviceId: string, readonly reason: SuspensionReason, readonly note: string, readonly actor: Actor }) => Promise<void>
/** Lifts a suspension: the machine is started, and the service turns active once that is proven. */
export type ResumeService = (stores: KernelStores, input: { readonly serviceId: string, readonly note: string, readonly actor: Actor }) => Promise<void>
export type EndService = (stores: KernelStores, input: { readonly serviceId: string, readonly reason: EndReason, readonly note: string, readonly actor: Actor }) => Promise<void>

export type { SoldOption } from '#shared/options/sold-options.ts'
/** What a renewal costs without PPN; see `renewal-price.ts`. */
export type { PriceTerms, RenewalDiscount, RenewalPrice }
export type PriceRenewal = (terms: PriceTerms, periodStart: Date) => RenewalPrice

/** The PPN on a price, by the rule in force: one function for storefront, cart and invoice (`shared/money/tax.ts`). */
export type { TaxFigures }
export type ComputeTax = (taxable: Money, at: Date) => TaxFigures

/**
 * What other modules tell billing after they were composed (billing is composed first). Each is called in billing's open transaction and
 * may use only the stores handed in.
 */
export interface BillingHooks {
  /** The first invoice of an order was paid: commit what the order reserved (promo codes). */
  readonly onOrderPaid?: (stores: KernelStores, orderId: string) => Promise<void>
  /** An order lapsed unpaid, or its invoice was voided: give back what it reserved (promo codes; stock and addresses follow `billing.service-ended`). */
  readonly onOrderExpired?: (stores: KernelStores, orderId: string) => Promise<void>
  /** How payment attempts look to their buyer (a QR code drawn, for example). Called outside any transaction. */
  readonly viewPayments?: (payments: readonly InvoicePayment[]) => Promise<readonly PaymentViewJson[]>
  /** Methods by which this amount can be paid now, in the order in which they are offered. Called outside any transaction. */
  readonly paymentMethods?: (amount: Money) => Promise<readonly { readonly method: GatewayMethod, /** On top, PPN included. */ readonly fee: Money }[]>
}

/** Begins the free trial of a service that was just ordered, in the order's transaction: its free period, and the build. @throws AppError trial_used */
export type StartTrial = (stores: KernelStores, input: { readonly serviceId: string, readonly productId: string, readonly days: number, readonly actor: Actor }) => Promise<void>

export type { ChangeQuote, ChangeSubject, FinishChange, FindChangeSubject, OpenChange, QuoteChange, ServiceChange, ServiceTerms, SetupCharge } from './change-ports.ts'

export interface PaymentViewJson {
  readonly id: string, readonly gateway: GatewayName | null, readonly method: PaymentMethod, readonly status: PaymentStatus, readonly amount: { readonly amount: string, readonly currency: 'IDR' }
  readonly fee: { readonly amount: string, readonly currency: 'IDR' }, readonly createdAt: string, readonly settledAt: string | null, readonly expiresAt: string | null
  readonly instructions: { readonly vaNumber: string | null, readonly bank: string | null, readonly billerCode: string | null, readonly billKey: string | null, readonly qrSvg: string | null, readonly redirectUrl: string | null, readonly appUrl: string | null } | null
}

// What billing needs from outside ------------------------------------------------------------------------------------------------------

export type { Invoice, InvoiceLine, InvoiceWithClient, Party }
/** Who an invoice is written to, and how that person is written to. */
export interface BilledClient { readonly clientId: string, readonly name: string, readonly email: string, readonly locale: Locale, readonly party: Party }
export interface BilledClients {
  find(clientId: string): Promise<BilledClient | null>
  /** Those that exist, by id, in one statement. */
  findMany(clientIds: readonly string[]): Promise<Map<string, BilledClient>>
}

export interface NewInvoice extends Omit<Invoice, 'status' | 'paidAt' | 'closedAt' | 'closedReason' | 'termDays' | 'note' | 'taxInvoiceNumber'> { readonly series: string, readonly year: number, readonly sequence: number, readonly number: string, readonly issuedAt: Date, readonly dueAt: Date }
export interface InvoiceFilter extends PageRequest { readonly clientId?: string | undefined, readonly status?: InvoiceStatus | undefined, readonly overdueAt?: Date | undefined, readonly q?: string | undefined, /** Leaves drafts out. */ readonly issuedOnly?: boolean }

export interface IssuedInvoice { readonly invoice: NewInvoice, readonly lines: readonly InvoiceLine[] }
export interface Renewal { readonly serviceId: string, readonly periodStart: Date, readonly periodEnd: Date, readonly invoiceId: string | null }
export interface InvoiceStore {
  /** The next number of a series and year; of `count` that follow one another, the last. Locks the counter until the transaction ends: what is rolled back leaves no gap. */
  takeSequence(series: string, year: number, count?: number): Promise<number>
  /** Inserts issued invoices with their lines, however many, in two statements. */
  insert(...issued: readonly IssuedInvoice[]): Promise<void>
  /** Makes a draft the issued invoice; its lines, days and note stay. */
  issueDraft(invoice: NewInvoice): Promise<void>
  lock(invoiceId: string): Promise<Invoice | null>
  find(invoiceId: string): Promise<InvoiceWithClient | null>
  linesOf(invoiceId: string): Promise<InvoiceLine[]>
  /** The lines as people see them: the first period of a service, known only since it was paid, is filled in. */
  shownLinesOf(invoiceId: string): Promise<InvoiceLine[]>
  list(filter: InvoiceFilter): Promise<Page<InvoiceWithClient>>
  setPaid(invoiceId: string, at: Date): Promise<void>
  setReopened(invoiceId: string): Promise<void>
  setClosed(invoiceId: string, status: 'void' | 'uncollectible', at: Date, reason: string): Promise<void>
  /** Issued invoices with a line for the service, locked together with their unpaid late fees in the order of their ids. */
  lockOpenOfService(serviceId: string): Promise<Invoice[]>
  /** Whether an issued invoice of the service is past its due time. */
  hasOverdue(serviceId: string, now: Date): Promise<boolean>
  /** Services with a line on the invoice that have not ended. */
  countLiveServices(invoiceId: string): Promise<number>
  /** Takes back the claim of a renewal whose invoice was voided, so that the period can be invoiced again. */
  releaseRenewal(invoiceId: string): Promise<void>
  /** Each period of a service is renewed once: a second claim throws. */
  claimRenewals(...renewals: readonly Renewal[]): Promise<void>
}

export interface LedgerStore {
  /** Books an entry; false (and nothing booked) when its cause was booked before. One dated in a closed month goes into the open one, its moment into the memo. */
  post(entry: JournalEntry): Promise<boolean>
  /** Books entries whose causes are new, in two statements; throws, and books none, when one was booked before. */
  postMany(entries: readonly JournalEntry[]): Promise<void>
  linesOf(cause: LedgerCause, causeId: string): Promise<JournalLine[]>
  linesOfMany(causes: readonly LedgerCause[], causeIds: readonly string[]): Promise<JournalLine[]>
  /** What invoices still ask for; an id without entries is left out. */
  outstanding(invoiceIds: readonly string[]): Promise<Map<string, bigint>>
  /** What of an invoice was given up and not taken back since. */
  writtenOff(invoiceId: string): Promise<bigint>
  credit(clientId: string): Promise<bigint>
  /** Clients who have credit, or owe some, of those asked for. */
  withCredit(clientIds: readonly string[]): Promise<Set<string>>
  /** Lets one transaction at a time spend a client's credit; of several always in the same order. */
  lockCredit(...clientIds: readonly string[]): Promise<void>
  creditEntries(clientId: string, page: PageRequest): Promise<Page<{ at: Date, cause: string, invoiceId: string | null, amount: Money }>>
  journalOf(invoiceId: string): Promise<{ at: Date, cause: string, account: string, amount: Money }[]>
}

export interface LedgerFinding { readonly check: LedgerCheck, /** An id or number of what is wrong. */ readonly subject: string, readonly detail: string }
export interface LedgerAudit { readonly id: string, readonly startedAt: Date, readonly finishedAt: Date, readonly requestedBy: string, readonly entries: number, readonly headSequence: number, readonly headHash: string, readonly findings: LedgerFinding[] }
type Found = Omit<LedgerFinding, 'check'>

/** The journal as a whole: its chain, its proofs, its balances. */
export interface Books {
  /** One transaction at a time appends to the chain. */
  lockChain(): Promise<void>
  lastSeal(): Promise<Seal | null>
  /** Entries without a seal, in the order of their making; `after` an entry: those made since then, with an hour's allowance for slow transactions. */
  unsealed(input: { readonly after: string | null, readonly limit: number }): Promise<BookedEntry[]>
  addSeals(seals: readonly Seal[], at: Date): Promise<void>
  links(input: { readonly after: number, readonly limit: number }): Promise<{ seal: Seal, entry: BookedEntry }[]>
  unbalanced(limit: number): Promise<Found[]>
  misstatedInvoices(limit: number): Promise<Found[]>
  misbookedPayments(limit: number): Promise<Found[]>
  /** Credit notes that were not booked as they say, and invoices of which more was credited than they asked for. */
  misbookedCreditNotes(limit: number): Promise<Found[]>
  overspentCredits(limit: number): Promise<Found[]>
  /** Totals kept by the last closing that differ from the journal. */
  misstatedCheckpoints(limit: number): Promise<Found[]>
  /** Read from the last closing's totals and what was booked since. */
  balances(): Promise<{ account: LedgerAccount, debit: Money, credit: Money, balance: Money }[]>
  entries(query: PageRequest & { readonly q?: string | undefined, readonly account?: LedgerAccount | undefined, readonly cause?: LedgerCause | undefined }): Promise<Page<{ sequence: number | null, hash: string | null, entry: BookedEntry }>>
}
export interface LedgerAudits {
  insert(audit: LedgerAudit): Promise<void>
  last(): Promise<LedgerAudit | null>
  list(page: PageRequest): Promise<Page<LedgerAudit>>
}

export interface Subscription {
  readonly id: string, readonly orderId: string, readonly clientId: string, readonly productName: string, readonly hostname: string, readonly cycle: BillingCycle, readonly price: Money
  readonly status: ServiceStatus, readonly suspensionReason: SuspensionReason | null, readonly anchorDay: number | null, readonly cancelAtPeriodEnd: boolean
  /** The end of the trial that it began with. */
  readonly trialEndsAt: Date | null
  /** A fixed term: paid periods that it has, until the first one makes that the moment at which it ends. */
  readonly termPeriods: number | null, readonly endsAt: Date | null
  readonly holdUntil: Date | null, readonly holdReason: string | null
  /** Somebody entitled asked that the suspension be lifted: the machine may be started, and turns the service active. */
  readonly resumeRequestedAt: Date | null
}
/** Why a client (or staff for him) ends a service. */
export interface CancelWhy { readonly reason: CancelReason | null, readonly note: string | null }
export interface PaidPeriod { readonly serviceId: string, readonly periodStart: Date, /** Null: paid once, for good. */ readonly periodEnd: Date | null, readonly invoiceId: string | null, readonly amount: Money }
export interface ServiceBilling { readonly serviceId: string, readonly paidUntil: Date | null, readonly renewalIssued: boolean, readonly cancelAtPeriodEnd: boolean, readonly trialEndsAt: Date | null, readonly endsAt: Date | null, readonly openInvoiceId: string | null, readonly priceLockedUntil: Date | null, readonly prices: PriceTerms, readonly terms: BillingTerms | null }

export interface SubscriptionStore {
  lock(serviceId: string): Promise<Subscription | null>
  /** Locks many in the order of their ids; by id. */
  lockMany(serviceIds: readonly string[]): Promise<Map<string, Subscription>>
  ofOrder(orderId: string): Promise<Subscription[]>
  setStatus(serviceId: string, change: { readonly status: ServiceStatus, readonly suspensionReason?: SuspensionReason | null, readonly suspensionNote?: string | null, readonly endReason?: EndReason, readonly endedAt?: Date, readonly resumeRequestedAt?: Date | null, /** Of what is paid once. */ readonly deliveredAt?: Date }): Promise<void>
  setAnchorDay(serviceId: string, day: number): Promise<void>
  setCancellation(serviceId: string, cancellation: { readonly atPeriodEnd: boolean } & CancelWhy): Promise<void>
  /** The change is the service's price from now on; older ones that waited are done, too. */
  applyPrice(serviceId: string, change: PriceChange, at: Date): Promise<void>
  setHold(serviceId: string, until: Date | null, reason: string | null): Promise<void>
  /** False when a period with this start is there already: a period is paid once. */
  addPeriod(period: PaidPeriod): Promise<boolean>
  hasPeriodOf(serviceId: string, invoiceId: string): Promise<boolean>
  /** Facts of one service, for the decision inside a transaction that has locked it. */
  factsOf(serviceId: string): Promise<CalendarFacts | null>
  /** Those of many, in the order of their ids. */
  factsOfMany(serviceIds: readonly string[]): Promise<CalendarFacts[]>
  /** Services on which the calendar could act by `horizon`, in the order of their ids, one page after another. */
  candidates(page: { readonly after: string | null, readonly limit: number, readonly now: Date, readonly renewBefore: Date, readonly dueBefore: Date, readonly clientId?: string | undefined, readonly productId?: string | undefined }): Promise<CalendarFacts[]>
  /** How far all terms together reach: the longest lead, the earliest reminder (in days from the due time; 0 when there is none before). */
  widestTerms(): Promise<{ readonly renewalLeadDays: number, readonly earliestReminder: number }>
  countLive(): Promise<number>
  describe(serviceIds: readonly string[]): Promise<ServiceBilling[]>
}

export interface NoticeStore {
  /** The steps that were new: a step is noticed once per invoice and service. */
  record(notice: { readonly invoiceId: string, readonly serviceId: string, readonly steps: readonly string[], readonly at: Date }): Promise<number>
  /** `at`: when its letter left (the mail server took it, or refused it for good); while it `waits` for that, when it was due to. */
  listFor(invoiceId: string): Promise<{ readonly serviceId: string, readonly step: string, readonly at: Date, readonly waits: boolean }[]>
}

export interface OrderStates {
  lock(orderId: string): Promise<{ readonly id: string, readonly number: string, readonly status: OrderStatus } | null>
  setStatus(orderId: string, status: OrderStatus): Promise<void>
}

export interface InvoicePayment {
  readonly id: string, readonly gateway: GatewayName | null, readonly method: PaymentMethod, readonly status: PaymentStatus, readonly amount: Money, /** What of it is the method's, PPN included. */ readonly fee: Money, readonly createdAt: Date, readonly settledAt: Date | null, readonly expiresAt: Date | null
  readonly instructions: { readonly vaNumber: string | null, readonly bank: string | null, readonly qrString: string | null, readonly redirectUrl: string | null, readonly billerCode?: string | null, readonly billKey?: string | null, readonly appUrl?: string | null } | null
}
export interface InvoicePaymentStore {
  listOf(invoiceId: string): Promise<InvoicePayment[]>
  liveOf(invoiceId: string): Promise<string[]>
  /** Records money that staff saw on the bank statement. @throws AppError transfer_known when this transfer of the client is recorded already */
  insertManual(payment: { readonly id: string, readonly invoiceId: string, readonly clientId: string, readonly amount: Money, readonly reference: string, readonly at: Date }): Promise<void>
}

export interface BillingRun { readonly id: string, readonly at: Date, readonly startedAt: Date, readonly finishedAt: Date | null, readonly status: 'running' | 'done' | 'stopped_by_brake' | 'failed', readonly actor: string, readonly done: number, readonly skipped: number, readonly failed: number, readonly brake: string | null
  /** Which installation on which database ran; null before it was kept. */
  readonly house: string | null
  /** Who let a mass termination pass, and waits for a second person. */
  readonly confirmedBy: string | null
  /** How many that person saw would end. */
  readonly confirmedTerminations: number | null
}
export interface Confirmation { readonly userId: string, readonly name: string, readonly at: Date, readonly terminations: number }
export interface BillingRunStore {
  start(run: BillingRun): Promise<void>
  finish(run: BillingRun): Promise<void>
  find(runId: string): Promise<BillingRun | null>
  /** The newest run that was carried out: business time, and where. */
  lastDone(): Promise<{ readonly at: Date, readonly house: string | null } | null>
  /** The database as nothing but itself is called: a copy or a restored backup has another name. */
  databaseName(): Promise<string>
  /** The newest word that a mass termination may pass, since a moment; null once a run was carried out after it. */
  confirmation(since: Date): Promise<Confirmation | null>
  list(page: PageRequest): Promise<Page<BillingRun>>
}

/** What billing uses of one open transaction (or, for reading, outside one). */
export interface BillingStores extends KernelStores {
  readonly mail: MailOutbox, readonly audit: AuditTrail, readonly transitions: TransitionLog
  readonly invoices: InvoiceStore, readonly ledger: LedgerStore, readonly books: Books, readonly ledgerAudits: LedgerAudits, readonly subscriptions: SubscriptionStore, readonly billingNotices: NoticeStore, readonly orderStates: OrderStates
  readonly billedClients: BilledClients, readonly invoicePayments: InvoicePaymentStore, readonly billingRuns: BillingRunStore, readonly deposits: DepositStore, readonly changes: ChangeStore, readonly priceChanges: PriceChangeStore
  readonly drafts: DraftStore, readonly creditNotes: CreditNoteStore, readonly taxDocuments: TaxDocumentStore, readonly taxRules: TaxRuleStore, readonly manualEntries: ManualEntryStore, readonly periods: PeriodStore
  readonly lives: LifeStore, readonly alignments: AlignmentStore
  readonly terms: TermsStore, readonly clientGroups: ClientGroupStore, readonly lateFees: LateFeeStore, readonly holidays: HolidayStore, readonly planSnapshots: PlanSnapshotStore
}

/** Draws an invoice as PDF. Never called inside a transaction: a full disk or a bad font loses no payment. */
export interface InvoicePrinter { (document: { readonly invoice: InvoiceWithClient, readonly lines: readonly InvoiceLine[], readonly outstanding: Money, /** Of its credit notes; `toInvoice`: what they took off the debt. */ readonly credited: { readonly total: Money, readonly toInvoice: Money }, readonly locale: Locale, readonly zone: string }): Promise<Uint8Array> }

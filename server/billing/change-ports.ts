import type { ErrorCode } from '#shared/errors/codes.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingCycle, ChangeStatus, ChangeTiming, ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { MachineType, ResourceStatus } from '#shared/vocabulary/machines.ts'
import type { TrafficTerms } from '#shared/vocabulary/traffic.ts'
import type { Actor, KernelStores } from '../kernel/ports.ts'
import type { SoldOption } from '#shared/options/sold-options.ts'
import type { TaxFigures } from '#shared/money/tax.ts'

/** What is agreed about a service: the product as it was then, and its price per cycle. */
export interface ServiceTerms {
  readonly productId: string, readonly productName: string, readonly spec: { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number, readonly panelPackage?: string | undefined, readonly extraIpv4?: number | undefined, readonly traffic?: TrafficTerms | undefined }
  readonly cycle: BillingCycle, /** Of the product alone. */ readonly price: Money
  readonly options: readonly SoldOption[]
}
/** The set-up fee of an option that a change adds, once. */
export interface SetupCharge { readonly optionId: string, readonly amount: Money }
export interface ServiceChange {
  readonly id: string, readonly serviceId: string, readonly timing: ChangeTiming, readonly status: ChangeStatus, readonly from: ServiceTerms, readonly to: ServiceTerms, readonly setups: readonly SetupCharge[], readonly invoiceId: string | null
  readonly expiresAt: Date | null, readonly startsAt: Date | null, readonly createdAt: Date, readonly appliedAt: Date | null, readonly closedAt: Date | null, readonly closedReason: string | null
}
/** A paid period that is not over; `price`: what the whole of it costs at the terms now in force. */
export interface LivePeriod { readonly periodStart: Date, readonly periodEnd: Date, readonly price: Money }

export interface ChangeStore {
  /** @throws AppError change_open while another of the service is open (unique index) */
  insert(change: ServiceChange & { readonly actor: string }): Promise<void>
  find(changeId: string): Promise<ServiceChange | null>
  lock(changeId: string): Promise<ServiceChange | null>
  /** The open change of a service; takes no lock: the service's row is locked by whoever decides. */
  openOf(serviceId: string): Promise<ServiceChange | null>
  byInvoice(invoiceId: string): Promise<ServiceChange | null>
  openOfMany(serviceIds: readonly string[]): Promise<ServiceChange[]>
  /** Of each service the newest change that is open, or that lapsed since a moment. */
  newestOf(serviceIds: readonly string[], lapsedSince: Date): Promise<ServiceChange[]>
  setStatus(changeId: string, change: { readonly status: ChangeStatus, readonly appliedAt?: Date, readonly closedAt?: Date, readonly closedReason?: string }): Promise<void>
  /** The renewal invoice that carries the new price, and the beginning of its period; null: it was voided. */
  setRenewal(changeId: string, renewal: { readonly invoiceId: string | null, readonly startsAt: Date } | null): Promise<void>
  /** Unpaid changes whose time is over, of services that nobody holds; a payment under way is waited for until `frozenBefore` lies behind. */
  listExpired(input: { readonly now: Date, readonly frozenBefore: Date, readonly limit: number }): Promise<{ readonly changeId: string, readonly invoiceId: string }[]>
  /** Changes whose period is paid and has begun, of services that nobody holds. */
  listStarting(input: { readonly now: Date, readonly limit: number }): Promise<{ readonly changeId: string, readonly serviceId: string }[]>
  setTerms(serviceId: string, terms: ServiceTerms): Promise<void>
  livePeriods(serviceId: string, now: Date): Promise<LivePeriod[]>
  addPeriodPrice(price: { readonly serviceId: string, readonly periodStart: Date, readonly since: Date, readonly changeId: string, readonly amount: Money }): Promise<void>
  /** What a change has to look at; `lock`: the service's row is locked first. */
  subject(serviceId: string, options: { readonly lock: boolean, readonly now: Date }): Promise<ChangeSubjectRow | null>
}

export interface ChangeSubjectRow {
  readonly serviceId: string, readonly clientId: string, readonly hostname: string, readonly kind: string, readonly status: ServiceStatus, readonly cancelAtPeriodEnd: boolean, readonly terms: ServiceTerms
  readonly machine: { readonly connectionId: string, readonly node: string, readonly status: ResourceStatus, /** What it was made as, which no change of plan makes another; left out: a virtual machine. */ readonly type?: MachineType } | null
  readonly paidUntil: Date | null
  /** Its trial ends, or ended, then. */
  readonly trialEndsAt: Date | null
  /** It ends by itself then: its cycle stays. */
  readonly endsAt: Date | null
  /** How many issued invoices of it are unpaid (its renewal, above all). */
  readonly owed: number
  /** Its renewal invoice, if that is not due yet and no money has moved for it: a change at renewal may still take its place. */
  readonly renewalInvoiceId: string | null
}
/** A service, and why it cannot be changed now if it cannot. */
export interface ChangeSubject extends ChangeSubjectRow { readonly periods: readonly LivePeriod[], readonly open: ServiceChange | null, readonly refusal: ErrorCode | null }

/** What a change at once costs: per paid period, together, and with PPN. */
export interface ChangeQuote { readonly charges: readonly (ChangeChargeOf)[], readonly credit: Money, readonly charge: Money, /** Of options that are added, once. */ readonly setup: Money, /** The difference, and the set-up fees. */ readonly net: Money, readonly figures: TaxFigures }
export interface ChangeChargeOf { readonly periodStart: Date, readonly periodEnd: Date, readonly days: number, readonly wholeDays: number, readonly credit: Money, readonly charge: Money, readonly net: Money }

// What ordering asks of billing -----------------------------------------------------------------------------------------------------------
export type FindChangeSubject = (stores: KernelStores | null, input: { readonly serviceId: string, readonly clientId: string | null, readonly lock: boolean }) => Promise<ChangeSubject | null>
/** Null: it would cost less than is paid already; such a change begins with a renewal. */
export type QuoteChange = (subject: ChangeSubject, to: ServiceTerms, setups?: readonly SetupCharge[]) => ChangeQuote | null
/** Opens a change in the caller's transaction, its service locked by `FindChangeSubject`. At once: with its invoice, unless it costs nothing. @throws AppError change_open */
export type OpenChange = (stores: KernelStores, input: { readonly subject: ChangeSubject, readonly to: ServiceTerms, readonly setups?: readonly SetupCharge[] | undefined, readonly timing: ChangeTiming, readonly quote: ChangeQuote | null, readonly actor: Actor }) => Promise<ServiceChange>
/** The machine was read back with the size of its service: the open change is done. */
export type FinishChange = (stores: KernelStores, input: { readonly serviceId: string, readonly actor: Actor }) => Promise<void>

import type { Money } from '#shared/money/money.ts'
import type { GatewayName, PaymentMethod } from '#shared/vocabulary/payments.ts'
import type { RefundConsequence, RefundKind, RefundStatus } from '#shared/vocabulary/refunds.ts'
import type { Actor, Page, PageRequest } from '../kernel/ports.ts'

export type StaffActor = Extract<Actor, { kind: 'user' }>

/** What a gateway can give back, and how it is asked. */
export interface GatewayRefunds {
  /** Days after the settlement within which what was paid so can be given back; null: never. */
  days(method: PaymentMethod): number | null
  /** Asks once per key: an equal key again has no second effect. Done is only what is read back. @throws DriverError permanent: refused */
  request(input: { readonly orderId: string, readonly gatewayTransactionId: string | null, readonly refundKey: string, readonly amount: Money, readonly reason: string }): Promise<void>
}
/** Money that a gateway reports as gone. `confirmed`: the bank has confirmed, it is final. `refused`: why it finally did not go, after it was taken. */
export interface GatewayReturn { readonly key: string, readonly kind: 'refund' | 'chargeback', readonly amount: Money, readonly confirmed: boolean, readonly refused?: string }

/** Money that goes back, or went. `paymentId` is null only for credit that is paid out. */
export interface Refund {
  readonly id: string, readonly paymentId: string | null, readonly invoiceId: string | null, readonly clientId: string, readonly kind: RefundKind, readonly status: RefundStatus, readonly consequence: RefundConsequence, readonly amount: Money
  readonly refundKey: string | null, /** Made at the gateway, not by us. */ readonly found: boolean, readonly reason: string, readonly reference: string | null, readonly paidOn: Date | null
  readonly requestedBy: string | null, readonly requestedByName: string, readonly needsApproval: boolean, readonly approvedBy: string | null, readonly approvedByName: string | null, readonly approvedAt: Date | null
  readonly createdAt: Date, readonly sentAt: Date | null, readonly checkedAt: Date | null, readonly finishedAt: Date | null, readonly problem: string | null, readonly notedAt: Date | null, readonly notedByName: string | null
}
export type NewRefund = Omit<Refund, 'checkedAt' | 'finishedAt' | 'problem' | 'notedAt' | 'notedByName' | 'approvedBy' | 'approvedByName' | 'approvedAt'>
export interface RefundListItem extends Refund { readonly invoiceNumber: string | null, readonly clientName: string, readonly gateway: GatewayName | null, readonly method: PaymentMethod | null, /** By so much more went back of its payment, or is on its way, than was settled; never negative. */ readonly beyond: Money }
export interface RefundFilter extends PageRequest { readonly q?: string | undefined, readonly status?: RefundStatus | undefined, readonly kind?: RefundKind | undefined, /** Waits for a person: approval, or something nobody asked for. */ readonly attention?: boolean | undefined, readonly invoiceId?: string | undefined }

type Change = Partial<Pick<Refund, 'sentAt' | 'finishedAt' | 'problem' | 'approvedBy' | 'approvedByName' | 'approvedAt' | 'notedAt' | 'notedByName'>>
export interface RefundStore {
  find(id: string): Promise<Refund | null>
  /** Locks the refund's row; its payment (invoice first) is locked before. */
  lock(id: string): Promise<Refund | null>
  ofPayment(paymentId: string): Promise<Refund[]>
  ofPayments(paymentIds: readonly string[]): Promise<Refund[]>
  /** @throws AppError transfer_known when this transfer of the client is recorded already */
  insert(refund: NewRefund): Promise<void>
  setStatus(id: string, status: RefundStatus, change?: Change): Promise<void>
  change(id: string, change: Change): Promise<void>
  markChecked(id: string, at: Date): Promise<void>
  /** Refunds that the gateway should be asked for now: approved and not yet sent, or not confirmed and unasked for a while. */
  listDue(input: { readonly at: Date, readonly limit: number }): Promise<string[]>
  /** Whether a charge-back of the client stands: not won, and its invoice not paid again. */
  hasOpenChargeback(clientId: string): Promise<boolean>
  /** What is asked for of a client's credit and not booked yet. */
  creditReserved(clientId: string): Promise<bigint>
  findListed(id: string): Promise<RefundListItem | null>
  list(filter: RefundFilter): Promise<Page<RefundListItem>>
}

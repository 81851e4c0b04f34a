import type { BilledClients, BookPayment, FindPayableInvoice, ReversePayment } from '../billing/ports.ts'
import type { Clock, Log, NewId, Transact } from '../kernel/ports.ts'
import type { Gateways, PaymentStore, PaymentStores } from './ports.ts'

/** What the use cases of payments are made from. `payments` and `billedClients` read outside transactions. */
export interface PaymentDeps {
  readonly transact: Transact<PaymentStores>
  readonly payments: PaymentStore
  readonly billedClients: BilledClients
  readonly clock: Clock
  readonly newId: NewId
  readonly log: Log
  readonly gateways: Gateways
  readonly findPayableInvoice: FindPayableInvoice
  readonly bookPayment: BookPayment
  readonly reversePayment: ReversePayment
  /** The public address, without a trailing slash. */
  readonly baseUrl: string
}

import type { BilledClients, BookGatewayFee, BookPayment, ChargeBuyerFee, ComputeTax, DescribeBuyerFee, FindPayableInvoice, PayOutCredit, ReturnMoney, ReversePayment } from '../billing/ports.ts'
import type { Clock, Log, NewId, Transact } from '../kernel/ports.ts'
import type { Gateways, PaymentStore, PaymentStores } from './ports.ts'
import type { RefundStore } from './refund-ports.ts'

/** What the use cases of payments are made from. `payments` and `billedClients` read outside transactions. */
export interface PaymentDeps {
  readonly transact: Transact<PaymentStores>
  readonly payments: PaymentStore
  readonly refunds: RefundStore
  readonly billedClients: BilledClients
  readonly clock: Clock
  readonly newId: NewId
  readonly log: Log
  readonly gateways: Gateways
  readonly findPayableInvoice: FindPayableInvoice
  readonly bookPayment: BookPayment
  readonly reversePayment: ReversePayment
  readonly chargeBuyerFee: ChargeBuyerFee
  readonly describeBuyerFee: DescribeBuyerFee
  readonly computeTax: ComputeTax
  readonly returnMoney: ReturnMoney
  readonly payOutCredit: PayOutCredit
  readonly bookGatewayFee: BookGatewayFee
  /** The public address, without a trailing slash. */
  readonly baseUrl: string
}

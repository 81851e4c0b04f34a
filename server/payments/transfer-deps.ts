import type { Money } from '#shared/money/money.ts'
import type { ApplyCredit, BookManualPayment, CreditClient, TakeCreditBack } from '../billing/ports.ts'
import type { Transact } from '../kernel/ports.ts'
import type { PaymentDeps } from './deps.ts'
import type { TransferStores } from './transfer-ports.ts'

/** What bank transfers, statements and paying from credit are made from. `read` reads outside transactions. */
export interface TransferDeps extends Omit<PaymentDeps, 'transact'> {
  readonly transact: Transact<TransferStores>
  readonly read: TransferStores
  readonly bookManualPayment: BookManualPayment
  readonly creditClient: CreditClient
  readonly takeCreditBack: TakeCreditBack
  readonly applyCredit: ApplyCredit
  /** What a client's credit is now. */
  readonly creditOf: (clientId: string) => Promise<bigint>
  /** Whether an invoice of a client is a deposit (credit does not pay it), and may be given up; null when it is not theirs. */
  readonly depositState: (input: { readonly invoiceId: string, readonly clientId: string }) => Promise<{ readonly payable: boolean, readonly outstanding: Money, readonly deposit: boolean, readonly canCancel: boolean } | null>
  /** A whole number from 0 up to, not including, `below`. */
  readonly random: (below: number) => number
  /** SHA-256, hexadecimal. */
  readonly digest: (text: string) => string
  /** Bytes of a file as text. */
  readonly decode: (bytes: Uint8Array) => string
  /** Days of the business zone. */
  readonly calendar: { startOfDay(isoDay: string): Date, isoDay(at: Date): string }
}

import type { Money } from '#shared/money/money.ts'

/** An invoice that a deposit was made to pay, and what it asked for then. */
export interface DepositTarget { readonly invoiceId: string, readonly amount: Money }

/** What deposits have beside their invoice. */
export interface DepositStore {
  /** What the journal still keeps on `deposits` for this invoice: all of it until it is paid, nothing after. */
  held(invoiceId: string): Promise<bigint>
  addTargets(depositId: string, targets: readonly DepositTarget[]): Promise<void>
  /** In the order in which they are paid. */
  targetsOf(depositId: string): Promise<DepositTarget[]>
  /** Issued deposits of a client, the newest first. */
  openOf(clientId: string, limit: number): Promise<string[]>
  /** Issued deposits that were due before a moment. */
  listLapsed(input: { readonly dueBefore: Date, readonly limit: number }): Promise<string[]>
}

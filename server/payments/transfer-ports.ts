import type { Money } from '#shared/money/money.ts'
import type { BankLineStatus, BankLineUse, BankName, ProofKind, RowProblem } from '#shared/vocabulary/transfers.ts'
import type { PaymentStatus } from '#shared/vocabulary/payments.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { PaymentStores } from './ports.ts'

// Bank transfers of clients -----------------------------------------------------------------------------------------------------------

/** What an attempt by transfer has beside its payment. */
export interface Transfer { readonly paymentId: string, readonly base: Money, readonly code: number, readonly proofAt: Date | null }
export interface NewTransfer { readonly id: string, readonly invoiceId: string, readonly clientId: string, readonly base: Money, readonly code: number, readonly amount: Money, readonly createdAt: Date, readonly expiresAt: Date }
export interface Proof { readonly id: string, readonly paymentId: string, readonly kind: ProofKind, readonly size: number, readonly uploadedAt: Date }
export interface OpenTransfer { readonly paymentId: string, readonly invoiceId: string, readonly invoiceNumber: string | null, readonly clientId: string, readonly clientName: string, readonly amount: Money, readonly base: Money, readonly createdAt: Date, readonly expiresAt: Date | null, readonly proofs: readonly Proof[] }

export interface TransferStore {
  /** One transaction at a time chooses a code. */
  lockCodes(): Promise<void>
  /** Amounts that transfers ask for above `over`, by at most 999: those that are open, and those made since. */
  takenAmounts(input: { readonly over: Money, readonly since: Date }): Promise<{ amount: bigint, open: boolean }[]>
  /** Makes the payment (pending) and its transfer. */
  insert(transfer: NewTransfer): Promise<void>
  find(paymentId: string): Promise<Transfer | null>
  setProofAt(paymentId: string, at: Date): Promise<void>
  /** Open transfers whose time is over. */
  listLapsed(input: { readonly at: Date, readonly limit: number }): Promise<string[]>
  /** Those with a proof first, the oldest of them first. */
  listOpen(page: PageRequest): Promise<Page<OpenTransfer>>
}
export interface ProofStore {
  insert(proof: Proof & { readonly content: Uint8Array }): Promise<void>
  listOf(paymentId: string): Promise<Proof[]>
  content(proofId: string): Promise<(Proof & { readonly content: Uint8Array }) | null>
}

// The house's bank accounts and their statements --------------------------------------------------------------------------------------

export interface BankAccount { readonly id: string, readonly bank: BankName, readonly number: string, readonly holder: string, readonly active: boolean, readonly position: number }
export interface BankAccountStore {
  list(): Promise<(BankAccount & { readonly openLines: number })[]>
  listActive(): Promise<BankAccount[]>
  find(id: string): Promise<BankAccount | null>
  /** @throws AppError bank_account_taken */
  insert(account: BankAccount & { readonly createdAt: Date }): Promise<void>
  /** @throws AppError bank_account_taken */
  update(account: BankAccount): Promise<void>
}

export interface BankLine {
  readonly id: string, readonly accountId: string, readonly accountLabel: string, readonly bookedOn: string, readonly amount: Money, readonly description: string, readonly status: BankLineStatus, readonly usedAs: BankLineUse | null, readonly paymentId: string | null, readonly reason: string | null, /** How often a decision about it was taken back. */ readonly undone: number, readonly decidedAt: Date | null
  readonly invoiceId: string | null, readonly invoiceNumber: string | null, readonly clientId: string | null, readonly clientName: string | null
}
export interface NewBankLine { readonly id: string, readonly line: number, readonly bookedOn: string, readonly amount: Money, readonly description: string, readonly fingerprint: string, readonly status: BankLineStatus }
export interface BankStatement { readonly id: string, readonly accountId: string, readonly name: string, readonly format: string, readonly importedAt: Date, readonly importedBy: string, readonly rows: number, readonly added: number, readonly problems: readonly RowProblem[] }
export interface BankLineFilter extends PageRequest { readonly q?: string | undefined, readonly status?: BankLineStatus | undefined, readonly accountId?: string | undefined }
export interface BankLineDecision { readonly status: BankLineStatus, readonly usedAs: BankLineUse | null, readonly paymentId: string | null, readonly clientId: string | null, readonly reason: string | null, readonly undone: number, readonly at: Date, readonly by: string }
export interface BankLineStore {
  /** Which of these lines the account has already. */
  known(accountId: string, fingerprints: readonly string[]): Promise<Set<string>>
  insertStatement(statement: BankStatement): Promise<void>
  /** Adds what the account does not have yet; answers how many that were. */
  addLines(input: { readonly accountId: string, readonly statementId: string, readonly lines: readonly NewBankLine[] }): Promise<number>
  setAdded(statementId: string, added: number): Promise<void>
  listStatements(page: PageRequest): Promise<Page<BankStatement & { readonly accountLabel: string }>>
  list(filter: BankLineFilter): Promise<Page<BankLine>>
  lock(id: string): Promise<BankLine | null>
  /** @throws AppError match_changed when another line is tied to this payment */
  decide(id: string, decision: BankLineDecision): Promise<void>
  /** Undecided lines over an amount that an open transfer asks for, in the order of their ids, one batch after another. */
  codedAfter(after: string | null, limit: number): Promise<BankLine[]>
  /** Undecided lines by the day they were booked. */
  ageing(): Promise<{ bookedOn: string, count: number, amount: bigint }[]>
}

/** A payment by transfer, or one that staff booked by hand, that a line could be. */
export interface PaymentCandidate { readonly kind: 'transfer' | 'manual', readonly paymentId: string, readonly status: PaymentStatus, readonly invoiceId: string, readonly invoiceNumber: string | null, readonly clientId: string, readonly clientNames: readonly string[], readonly amount: Money, readonly base: Money, readonly createdOn: Date }
/** An invoice that asks for money. */
export interface InvoiceCandidate { readonly invoiceId: string, readonly number: string, readonly clientId: string, readonly clientNames: readonly string[], readonly outstanding: Money }
export interface CandidateStore {
  /** Transfers that ask for (or whose invoice asked for) one of these amounts and are open or were made since; payments booked by hand over one of them that no line is tied to. */
  payments(input: { readonly amounts: readonly bigint[], readonly since: Date }): Promise<PaymentCandidate[]>
  /** Issued invoices that ask for one of these amounts, or have one of these numbers. */
  invoices(input: { readonly amounts: readonly bigint[], readonly numbers: readonly string[] }): Promise<InvoiceCandidate[]>
}

export interface TransferStores extends PaymentStores { readonly transfers: TransferStore, readonly proofs: ProofStore, readonly bankAccounts: BankAccountStore, readonly bankLines: BankLineStore, readonly bankCandidates: CandidateStore }

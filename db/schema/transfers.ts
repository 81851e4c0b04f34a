import { sql } from 'drizzle-orm'
import { boolean, check, customType, date, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bankLineStatuses, bankLineUses, banks, proofKinds } from '#shared/vocabulary/transfers.ts'
import type { BankLineStatus, BankLineUse, BankName, ProofKind, RowProblem } from '#shared/vocabulary/transfers.ts'
import { invoices } from './billing.ts'
import { users } from './identity.ts'
import { payments } from './payments.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'

const bytes = customType<{ data: Uint8Array, driverData: Uint8Array }>({ dataType: () => 'bytea', toDriver: value => Buffer.from(value), fromDriver: value => new Uint8Array(value) })

/** Accounts of the house that clients transfer to, in the order in which they are shown. */
export const bankAccounts = pgTable('bank_accounts', {
  id: id(), bank: word<BankName>().notNull(), number: text().notNull(), holder: text().notNull(), active: boolean().notNull().default(true), position: integer().notNull().default(100), createdAt: instant().notNull(),
}, t => [check('bank_accounts_bank', oneOf(t.bank, banks)), uniqueIndex('bank_accounts_number').on(t.bank, t.number)])

/** What an attempt by bank transfer has beside its payment: what the invoice asked for and the code that was added to make the amount unique. */
export const transfers = pgTable('transfers', {
  paymentId: uuid().primaryKey().references(() => payments.id), base: amount().notNull(), code: integer().notNull(), currency: currency(), proofAt: instant(),
}, t => [knownCurrency('transfers', t.currency), check('transfers_code', sql`${t.code} between 1 and 999`), index('transfers_base').on(t.base)])

/** Proofs of transfers. In the database, so that every replica has them and a backup is whole. */
export const paymentProofs = pgTable('payment_proofs', {
  id: id(), paymentId: uuid().notNull().references(() => payments.id), kind: word<ProofKind>().notNull(), size: integer().notNull(), content: bytes().notNull(), uploadedAt: instant().notNull(),
}, t => [check('payment_proofs_kind', oneOf(t.kind, proofKinds)), index('payment_proofs_payment').on(t.paymentId, t.uploadedAt)])

/** An imported bank statement; `problems` are the rows that could not be read, with their line numbers. */
export const bankStatements = pgTable('bank_statements', {
  id: id(), accountId: uuid().notNull().references(() => bankAccounts.id), name: text().notNull(), format: text().notNull(), importedAt: instant().notNull(), importedBy: text().notNull(), rows: integer().notNull(), added: integer().notNull(), problems: jsonb().$type<RowProblem[]>().notNull(),
}, t => [index('bank_statements_imported').on(t.importedAt)])

/** One movement on a bank account. `fingerprint` is made of date, amount, texts, balance and running number: a statement that overlaps another adds nothing twice. */
export const bankLines = pgTable('bank_lines', {
  id: id(), accountId: uuid().notNull().references(() => bankAccounts.id), statementId: uuid().notNull().references(() => bankStatements.id), line: integer().notNull(), bookedOn: date({ mode: 'string' }).notNull(), amount: amount().notNull(), currency: currency(), description: text().notNull(), fingerprint: text().notNull(),
  status: word<BankLineStatus>().notNull(), usedAs: word<BankLineUse>(), paymentId: uuid().references(() => payments.id), clientId: uuid().references(() => users.id), reason: text(), /** How often a decision about it was taken back. */ undone: integer().notNull().default(0), decidedAt: instant(), decidedBy: text(),
}, t => [
  knownCurrency('bank_lines', t.currency), check('bank_lines_status', oneOf(t.status, bankLineStatuses)), check('bank_lines_use', oneOf(t.usedAs, bankLineUses)), check('bank_lines_not_zero', sql`${t.amount} <> 0`),
  check('bank_lines_settled_with_use', sql`(${t.status} = 'settled') = (${t.usedAs} is not null)`), check('bank_lines_ignored_with_reason', sql`(${t.status} = 'ignored') = (${t.reason} is not null)`),
  uniqueIndex('bank_lines_once').on(t.accountId, t.fingerprint), uniqueIndex('bank_lines_payment').on(t.paymentId), index('bank_lines_list').on(t.status, t.bookedOn, t.id), index('bank_lines_statement').on(t.statementId),
])

/** Invoices that a deposit was made to pay, in their order; once it is paid, its credit pays them. */
export const depositTargets = pgTable('deposit_targets', {
  depositId: uuid().notNull().references(() => invoices.id), position: integer().notNull(), invoiceId: uuid().notNull().references(() => invoices.id), amount: amount().notNull(), currency: currency(),
}, t => [knownCurrency('deposit_targets', t.currency), primaryKey({ columns: [t.depositId, t.position] }), uniqueIndex('deposit_targets_once').on(t.depositId, t.invoiceId)])

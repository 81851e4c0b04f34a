import { and, asc, count, eq, gt, gte, inArray, lte, or, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import { largestCode } from '#server/payments/transfer.ts'
import type { BankAccountStore, OpenTransfer, Proof, ProofStore, TransferStore } from '#server/payments/transfer-ports.ts'
import type { Executor } from '../client.ts'
import { bankAccounts, bankLines, invoices, paymentProofs, payments, transfers, users } from '../schema/index.ts'
import { refuseSecond } from '../unique-violation.ts'

const open = ['created', 'pending'] as const
const proofColumns = { id: paymentProofs.id, paymentId: paymentProofs.paymentId, kind: paymentProofs.kind, size: paymentProofs.size, uploadedAt: paymentProofs.uploadedAt }

const transferStore = (db: Executor): TransferStore => ({
  async lockCodes() {
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended('transfer.codes', 0))`)
  },
  async takenAmounts({ over, since }) {
    const isOpen = inArray(payments.status, [...open])
    const rows = await db.select({ amount: payments.amount, open: sql<boolean>`${isOpen}` }).from(payments).where(and(eq(payments.method, 'transfer'), eq(payments.currency, over.currency), gt(payments.amount, over.amount), lte(payments.amount, over.amount + BigInt(largestCode)), or(isOpen, gte(payments.createdAt, since))))
    return rows
  },
  async insert({ base, code, amount, ...payment }) {
    await db.insert(payments).values({ ...payment, gateway: null, method: 'transfer', status: 'pending', amount: amount.amount, currency: amount.currency })
    await db.insert(transfers).values({ paymentId: payment.id, base: base.amount, code, currency: base.currency })
  },
  async find(paymentId) {
    const [row] = await db.select().from(transfers).where(eq(transfers.paymentId, paymentId))
    return row ? { paymentId, base: money(row.base, row.currency), code: row.code, proofAt: row.proofAt } : null
  },
  async setProofAt(paymentId, at) {
    await db.update(transfers).set({ proofAt: at }).where(eq(transfers.paymentId, paymentId))
  },
  async listLapsed({ at, limit }) {
    const rows = await db.select({ id: payments.id }).from(payments).where(and(eq(payments.method, 'transfer'), inArray(payments.status, [...open]), lte(payments.expiresAt, at))).orderBy(asc(payments.expiresAt), asc(payments.id)).limit(limit)
    return rows.map(row => row.id)
  },
  async listOpen({ page, pageSize }) {
    const where = and(eq(payments.method, 'transfer'), inArray(payments.status, [...open]))
    const rows = await db.select({ payment: payments, base: transfers.base, invoiceNumber: invoices.number, clientName: users.name }).from(payments).innerJoin(transfers, eq(transfers.paymentId, payments.id)).innerJoin(invoices, eq(invoices.id, payments.invoiceId)).innerJoin(users, eq(users.id, payments.clientId))
      .where(where).orderBy(sql`${transfers.proofAt} asc nulls last`, asc(payments.createdAt), asc(payments.id)).limit(pageSize).offset((page - 1) * pageSize)
    const [counted] = await db.select({ total: count() }).from(payments).where(where)
    const proofs: Proof[] = rows.length === 0 ? [] : await db.select(proofColumns).from(paymentProofs).where(inArray(paymentProofs.paymentId, rows.map(row => row.payment.id))).orderBy(asc(paymentProofs.uploadedAt), asc(paymentProofs.id))
    const items = rows.map(({ payment, base, invoiceNumber, clientName }): OpenTransfer => ({
      paymentId: payment.id, invoiceId: payment.invoiceId, invoiceNumber, clientId: payment.clientId, clientName, amount: money(payment.amount, payment.currency), base: money(base, payment.currency), createdAt: payment.createdAt, expiresAt: payment.expiresAt, proofs: proofs.filter(proof => proof.paymentId === payment.id),
    }))
    return { items, total: counted?.total ?? 0, page, pageSize }
  },
})

const proofStore = (db: Executor): ProofStore => ({
  async insert(proof) {
    await db.insert(paymentProofs).values(proof)
  },
  async listOf(paymentId) {
    return db.select(proofColumns).from(paymentProofs).where(eq(paymentProofs.paymentId, paymentId)).orderBy(asc(paymentProofs.uploadedAt), asc(paymentProofs.id)).limit(20)
  },
  async content(proofId) {
    const [row] = await db.select().from(paymentProofs).where(eq(paymentProofs.id, proofId))
    return row ?? null
  },
})

const inOrder = [asc(bankAccounts.position), asc(bankAccounts.bank), asc(bankAccounts.id)] as const
const accountStore = (db: Executor): BankAccountStore => ({
  async list() {
    const waiting = sql<number>`(select count(*)::int from ${bankLines} where ${bankLines.accountId} = ${bankAccounts.id} and ${bankLines.status} = 'open')`
    const rows = await db.select({ account: bankAccounts, openLines: waiting }).from(bankAccounts).orderBy(...inOrder).limit(200)
    return rows.map(({ account: { createdAt: _, ...account }, openLines }) => ({ ...account, openLines }))
  },
  async listActive() {
    const rows = await db.select().from(bankAccounts).where(eq(bankAccounts.active, true)).orderBy(...inOrder).limit(20)
    return rows.map(({ createdAt: _, ...account }) => account)
  },
  async find(id) {
    const [row] = await db.select().from(bankAccounts).where(eq(bankAccounts.id, id))
    if (!row) return null
    const { createdAt: _, ...account } = row
    return account
  },
  async insert(account) {
    await refuseSecond(db.insert(bankAccounts).values(account), 'bank_accounts_number', 'bank_account_taken')
  },
  async update({ id, ...change }) {
    await refuseSecond(db.update(bankAccounts).set(change).where(eq(bankAccounts.id, id)), 'bank_accounts_number', 'bank_account_taken')
  },
})

export const transferStores = (db: Executor) => ({ transfers: transferStore(db), proofs: proofStore(db), bankAccounts: accountStore(db) })

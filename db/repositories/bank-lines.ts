import { and, asc, count, desc, eq, gt, gte, ilike, inArray, or, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { Currency } from '#shared/money/money.ts'
import type { BankLine, BankLineStore, CandidateStore, PaymentCandidate } from '#server/payments/transfer-ports.ts'
import type { Executor } from '../client.ts'
import { bankAccounts, bankLines, bankStatements, clientProfiles, invoices, payments, transfers, users } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import { refuseSecond } from '../unique-violation.ts'

const accountLabel = sql<string>`${bankAccounts.bank} || ' ' || ${bankAccounts.number}`
const names = (name: string, company: string | null) => company === null ? [name] : [company, name]

const bankLineStore = (db: Executor): BankLineStore => {
  const lines = () => db.select({ line: bankLines, accountLabel, invoiceId: payments.invoiceId, invoiceNumber: invoices.number, clientName: users.name }).from(bankLines).innerJoin(bankAccounts, eq(bankAccounts.id, bankLines.accountId))
    .leftJoin(payments, eq(payments.id, bankLines.paymentId)).leftJoin(invoices, eq(invoices.id, payments.invoiceId)).leftJoin(users, eq(users.id, bankLines.clientId))
  const toLine = ({ line, ...rest }: Awaited<ReturnType<typeof lines>>[number]): BankLine => ({
    id: line.id, accountId: line.accountId, bookedOn: line.bookedOn, amount: money(line.amount, line.currency), description: line.description, status: line.status, usedAs: line.usedAs, paymentId: line.paymentId, reason: line.reason, undone: line.undone, decidedAt: line.decidedAt, clientId: line.clientId, ...rest,
  })
  return {
    async known(accountId, fingerprints) {
      if (fingerprints.length === 0) return new Set()
      const rows = await db.select({ fingerprint: bankLines.fingerprint }).from(bankLines).where(and(eq(bankLines.accountId, accountId), inArray(bankLines.fingerprint, [...fingerprints])))
      return new Set(rows.map(row => row.fingerprint))
    },
    async insertStatement({ problems, ...statement }) {
      await db.insert(bankStatements).values({ ...statement, problems: [...problems] })
    },
    async addLines({ accountId, statementId, lines: added }) {
      if (added.length === 0) return 0
      const rows = await db.insert(bankLines).values(added.map(({ amount, ...line }) => ({ ...line, accountId, statementId, amount: amount.amount, currency: amount.currency }))).onConflictDoNothing({ target: [bankLines.accountId, bankLines.fingerprint] }).returning({ id: bankLines.id })
      return rows.length
    },
    async setAdded(statementId, added) {
      await db.update(bankStatements).set({ added }).where(eq(bankStatements.id, statementId))
    },
    async listStatements({ page, pageSize }) {
      const rows = await db.select({ statement: bankStatements, accountLabel }).from(bankStatements).innerJoin(bankAccounts, eq(bankAccounts.id, bankStatements.accountId)).orderBy(desc(bankStatements.importedAt), desc(bankStatements.id)).limit(pageSize).offset((page - 1) * pageSize)
      const [counted] = await db.select({ total: count() }).from(bankStatements)
      return { items: rows.map(row => ({ ...row.statement, accountLabel: row.accountLabel })), total: counted?.total ?? 0, page, pageSize }
    },
    async list({ q, status, accountId, page, pageSize }) {
      const like = q ? containing(q) : undefined
      const where = and(status ? eq(bankLines.status, status) : undefined, accountId ? eq(bankLines.accountId, accountId) : undefined, like ? or(ilike(bankLines.description, like), sql`${bankLines.amount}::text = ${q?.replace(/\D/g, '') || '-'}`) : undefined)
      // What waits is worked off from its oldest; what is done is looked up from its newest.
      const order = status === 'open' ? [asc(bankLines.bookedOn), asc(bankLines.id)] : [desc(bankLines.bookedOn), desc(bankLines.id)]
      const rows = await lines().where(where).orderBy(...order).limit(pageSize).offset((page - 1) * pageSize)
      const [counted] = await db.select({ total: count() }).from(bankLines).where(where)
      return { items: rows.map(toLine), total: counted?.total ?? 0, page, pageSize }
    },
    async lock(id) {
      const [held] = await db.select({ id: bankLines.id }).from(bankLines).where(eq(bankLines.id, id)).for('update')
      const [row] = held ? await lines().where(eq(bankLines.id, id)) : []
      return row ? toLine(row) : null
    },
    async decide(id, { at, by, ...decision }) {
      await refuseSecond(db.update(bankLines).set({ ...decision, decidedAt: at, decidedBy: by }).where(eq(bankLines.id, id)), 'bank_lines_payment', 'match_changed')
    },
    async codedAfter(after, limit) {
      const coded = db.select({ amount: payments.amount }).from(payments).where(and(eq(payments.method, 'transfer'), inArray(payments.status, ['created', 'pending'])))
      const rows = await lines().where(and(eq(bankLines.status, 'open'), inArray(bankLines.amount, coded), after ? gt(bankLines.id, after) : undefined)).orderBy(asc(bankLines.id)).limit(limit)
      return rows.map(toLine)
    },
    async ageing() {
      const rows = await db.select({ bookedOn: bankLines.bookedOn, count: sql<number>`count(*)::int`, amount: sql<string>`sum(${bankLines.amount})::text` }).from(bankLines).where(eq(bankLines.status, 'open')).groupBy(bankLines.bookedOn).limit(5_000)
      return rows.map(row => ({ ...row, amount: BigInt(row.amount) }))
    },
  }
}

/** More than this fits no line; the list is for a person. */
const most = 1_000
interface OwedRow { id: string, number: string, client_id: string, name: string, company_name: string | null, owed: string, currency: Currency }

const candidateStore = (db: Executor): CandidateStore => ({
  async payments({ amounts, since }) {
    if (amounts.length === 0) return []
    // First by the amounts, which have indexes, then by what else is asked of them.
    const wanted = db.select({ id: payments.id }).from(payments).where(and(sql`${payments.method} in ('transfer', 'manual')`, inArray(payments.amount, [...amounts]))).union(db.select({ id: transfers.paymentId }).from(transfers).where(inArray(transfers.base, [...amounts])))
    const alive = or(inArray(payments.status, ['created', 'pending']), and(inArray(payments.status, ['expired', 'failed']), gte(payments.createdAt, since)))
    const untied = sql`not exists (select 1 from ${bankLines} where ${bankLines.paymentId} = ${payments.id})`
    const rows = await db.select({ payment: payments, base: transfers.base, invoiceNumber: invoices.number, name: users.name, company: clientProfiles.companyName }).from(payments).innerJoin(invoices, eq(invoices.id, payments.invoiceId)).innerJoin(users, eq(users.id, payments.clientId))
      .leftJoin(clientProfiles, eq(clientProfiles.userId, payments.clientId)).leftJoin(transfers, eq(transfers.paymentId, payments.id))
      .where(and(inArray(payments.id, wanted), or(and(eq(payments.method, 'transfer'), alive), and(eq(payments.method, 'manual'), eq(payments.status, 'settled'), untied)))).orderBy(desc(payments.createdAt), desc(payments.id)).limit(most)
    return rows.map(({ payment, base, invoiceNumber, name, company }): PaymentCandidate => ({
      kind: payment.method === 'transfer' ? 'transfer' : 'manual', paymentId: payment.id, status: payment.status, invoiceId: payment.invoiceId, invoiceNumber, clientId: payment.clientId, clientNames: names(name, company), amount: money(payment.amount, payment.currency), base: money(base ?? payment.amount, payment.currency), createdOn: payment.createdAt,
    }))
  },
  async invoices({ amounts, numbers }) {
    if (amounts.length === 0 && numbers.length === 0) return []
    const list = (values: readonly (string | bigint)[], type: string) => values.length === 0 ? sql`null` : sql.join(values.map(value => sql`${String(value)}::${sql.raw(type)}`), sql`, `)
    const found = await db.execute(sql`
      select i.id, i.number, i.client_id, u.name, p.company_name, o.owed::text as owed, i.currency from invoices i
      join lateral (select sum(amount) as owed from journal_lines where invoice_id = i.id and account = 'receivable') o on o.owed > 0
      join users u on u.id = i.client_id left join client_profiles p on p.user_id = i.client_id
      where i.status = 'issued' and (o.owed in (${list(amounts, 'bigint')}) or i.number in (${list(numbers, 'text')})) order by i.due_at, i.id limit ${most}`)
    return (found as unknown as { rows: OwedRow[] }).rows.map(row => ({ invoiceId: row.id, number: row.number, clientId: row.client_id, clientNames: names(row.name, row.company_name), outstanding: money(BigInt(row.owed), row.currency) }))
  },
})

export const bankLineStores = (db: Executor) => ({ bankLines: bankLineStore(db), bankCandidates: candidateStore(db) })

import { and, asc, count, desc, eq, inArray } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { money } from '#shared/money/money.ts'
import type { ManualEntry, ManualEntryStore } from '#server/billing/ledger-ports.ts'
import type { Executor } from '../client.ts'
import { manualEntries, manualEntryLines, users } from '../schema/index.ts'
import { refuseSecond } from '../unique-violation.ts'

const author = alias(users, 'author')
const decider = alias(users, 'decider')

async function entriesOf(db: Executor, where: SQL | undefined, limit: number, offset = 0): Promise<ManualEntry[]> {
  const rows = await db.select({ entry: manualEntries, author: author.name, decider: decider.name }).from(manualEntries).innerJoin(author, eq(author.id, manualEntries.proposedBy)).leftJoin(decider, eq(decider.id, manualEntries.decidedBy))
    .where(where).orderBy(desc(manualEntries.proposedAt), desc(manualEntries.id)).limit(limit).offset(offset)
  if (rows.length === 0) return []
  const ids = rows.map(({ entry }) => entry.id)
  const lines = await db.select({ line: manualEntryLines, clientName: users.name }).from(manualEntryLines).leftJoin(users, eq(users.id, manualEntryLines.clientId)).where(inArray(manualEntryLines.entryId, ids)).orderBy(asc(manualEntryLines.entryId), asc(manualEntryLines.position))
  const byEntry = Map.groupBy(lines, ({ line }) => line.entryId)
  const reversals = await db.select({ id: manualEntries.id, reverses: manualEntries.reverses }).from(manualEntries).where(and(inArray(manualEntries.reverses, ids), inArray(manualEntries.status, ['proposed', 'booked'])))
  const reversedBy = new Map(reversals.map(({ id, reverses }) => [reverses, id]))
  return rows.map(({ entry: { total, approvalLimit, currency, proposedBy, decidedBy, ...entry }, ...names }) => ({
    ...entry, total: money(total, currency), approvalLimit: money(approvalLimit, currency), reversedBy: reversedBy.get(entry.id) ?? null,
    proposedBy: { id: proposedBy, name: names.author }, decidedBy: decidedBy === null ? null : { id: decidedBy, name: names.decider ?? '' },
    lines: (byEntry.get(entry.id) ?? []).map(({ line, clientName }) => ({ account: line.account, clientId: line.clientId, clientName, gateway: line.gateway, amount: money(line.amount, line.currency) })),
  }))
}

export const manualEntryStores = (db: Executor) => ({
  manualEntries: {
    async insert({ lines, total, approvalLimit, ...proposal }) {
      await refuseSecond(db.insert(manualEntries).values({ ...proposal, status: 'proposed', total: total.amount, approvalLimit: approvalLimit.amount, currency: total.currency }), 'manual_entries_reversed_once', 'entry_reversed')
      await db.insert(manualEntryLines).values(lines.map(({ amount, ...line }, i) => ({ ...line, entryId: proposal.id, position: i + 1, amount: amount.amount, currency: amount.currency })))
    },
    async lock(id) {
      await db.select({ id: manualEntries.id }).from(manualEntries).where(eq(manualEntries.id, id)).for('update')
      return (await entriesOf(db, eq(manualEntries.id, id), 1))[0] ?? null
    },
    async find(id) {
      return (await entriesOf(db, eq(manualEntries.id, id), 1))[0] ?? null
    },
    async decide(id, decision) {
      await db.update(manualEntries).set(decision).where(eq(manualEntries.id, id))
    },
    async list({ status, page, pageSize }) {
      const where = status ? eq(manualEntries.status, status) : undefined
      const items = await entriesOf(db, where, pageSize, (page - 1) * pageSize)
      const [counted] = await db.select({ total: count() }).from(manualEntries).where(where)
      return { items, total: counted?.total ?? 0, page, pageSize }
    },
    async clientsAmong(ids) {
      if (ids.length === 0) return new Set()
      const rows = await db.select({ id: users.id }).from(users).where(and(inArray(users.id, [...ids]), eq(users.role, 'client')))
      return new Set(rows.map(row => row.id))
    },
  } satisfies ManualEntryStore,
})

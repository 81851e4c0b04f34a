import { sql } from 'drizzle-orm'
import type { Database } from './client.ts'

/** Tables to which the application only ever adds: its role may neither change nor delete what stands there. */
export const appendOnlyTables = ['journal_entries', 'journal_lines', 'journal_seals', 'ledger_audits', 'manual_entry_lines', 'closed_periods', 'closed_period_totals', 'reopened_periods', 'transitions', 'audit_log', 'paid_periods', 'credit_notes', 'credit_note_lines', 'tax_rules', 'seller_tax_statuses'] as const

const name = (identifier: string) => sql.raw(`"${identifier.replaceAll('"', '""')}"`)

/**
 * Grants the role what the running application needs, and no more: rows of its tables and of the job queue's, no table's definition, and on
 * the journal nothing but reading and adding. May run any number of times; takes back what was granted too much before.
 * @throws Error when there is no such role, or when it could help itself (a superuser, an owner of tables, a member of their owner)
 */
export async function grantApplicationRole({ executor, transaction }: Database, role: string): Promise<void> {
  const found = await executor.execute(sql`
    select r.rolsuper as super, exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'pgboss', 'drizzle') and pg_has_role(r.oid, c.relowner, 'MEMBER')) as owner
    from pg_roles r where r.rolname = ${role}`) as unknown as { rows: { super: boolean, owner: boolean }[] }
  const [known] = found.rows
  if (!known) throw new Error(`there is no role ${role}: create role ${role} login password '…'`)
  if (known.super || known.owner) throw new Error(`${role} is a superuser or owns tables of Gardu: such a role can take any right for itself`)
  const to = name(role)
  await transaction(async (tx) => {
    for (const schema of ['public', 'pgboss'].map(name)) {
      await tx.execute(sql`grant usage on schema ${schema} to ${to}`)
      await tx.execute(sql`grant select, insert, update, delete on all tables in schema ${schema} to ${to}`)
      await tx.execute(sql`grant usage, select on all sequences in schema ${schema} to ${to}`)
      await tx.execute(sql`revoke truncate, references, trigger on all tables in schema ${schema} from ${to}`)
      await tx.execute(sql`revoke create on schema ${schema} from ${to}`)
    }
    for (const table of appendOnlyTables.map(name)) await tx.execute(sql`revoke update, delete, truncate on ${table} from ${to}`)
    await tx.execute(sql`revoke insert, update, delete on allowed_transitions from ${to}`)
  })
}

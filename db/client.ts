import { mkdir } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { migrate as migratePg } from 'drizzle-orm/node-postgres/migrator'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator'
import { Pool } from 'pg'
import * as schema from './schema/index.ts'

/** What repositories write with: the database itself or an open transaction, PostgreSQL or embedded alike. */
export type Executor = PgDatabase<PgQueryResultHKT, typeof schema>

export interface Database {
  readonly kind: 'postgres' | 'embedded'
  readonly executor: Executor
  /** The embedded database itself, for the job queue; null on PostgreSQL. */
  readonly pglite: PGlite | null
  readonly url: string | null
  /** The pool, for benchmarks that need the bare statement beside ours; null when embedded. */
  readonly pool: Pool | null
  migrate(folder: string): Promise<void>
  close(): Promise<void>
}

export type DatabaseLocation = { readonly url: string, readonly poolSize?: number } | { readonly dataDir: string | 'memory' }

/** Opens PostgreSQL by its URL, or the embedded PGlite in a folder (`memory`: kept nowhere). */
export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  const options = { schema, casing: 'snake_case' as const }
  if ('url' in location) {
    const pool = new Pool({ connectionString: location.url, max: location.poolSize ?? 10, connectionTimeoutMillis: 5_000, statement_timeout: 30_000, idle_in_transaction_session_timeout: 60_000 })
    // An idle connection that the server closed is replaced at the next use; without a listener it would end the process.
    pool.on('error', () => {})
    const db = drizzlePg(pool, options)
    return { kind: 'postgres', executor: db as unknown as Executor, pglite: null, url: location.url, pool, migrate: folder => migratePg(db, { migrationsFolder: folder }), close: () => pool.end() }
  }
  if (location.dataDir !== 'memory') await mkdir(location.dataDir, { recursive: true })
  const pglite = location.dataDir === 'memory' ? await PGlite.create() : await PGlite.create(location.dataDir)
  const db = drizzlePglite(pglite, options)
  return { kind: 'embedded', executor: db as unknown as Executor, pglite, url: null, pool: null, migrate: folder => migratePglite(db, { migrationsFolder: folder }), close: () => pglite.close() }
}

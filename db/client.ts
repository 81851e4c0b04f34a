import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { migrate as migratePg } from 'drizzle-orm/node-postgres/migrator'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator'
import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import { lockFolder } from './folder-lock.ts'
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
  /** Runs `work` in one transaction: all of it or, when it throws, nothing. */
  transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T>
  migrate(folder: string): Promise<void>
  close(): Promise<void>
}

export type DatabaseLocation = { readonly url: string, readonly poolSize?: number } | { readonly dataDir: string | 'memory', /** Told once when another process still holds the folder and is waited for. */ readonly onWait?: (holder: string) => void }

const options = { schema, casing: 'snake_case' as const }

/** Opens PostgreSQL by its URL, or the embedded PGlite in a folder (`memory`: kept nowhere). @throws FolderInUse */
export const openDatabase = (location: DatabaseLocation): Promise<Database> => 'url' in location ? openPostgres(location.url, location.poolSize ?? 10) : openEmbedded(location.dataDir, location.onWait)

async function openPostgres(url: string, poolSize: number): Promise<Database> {
  const pool = new Pool({ connectionString: url, max: poolSize, connectionTimeoutMillis: 5_000, statement_timeout: 30_000, idle_in_transaction_session_timeout: 60_000 })
  // A connection that the server closed, idle or between two statements of a transaction, fails at its next use; without a listener it would end the process.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  const db = drizzlePg(pool, options)
  const perConnection = new WeakMap<PoolClient, NodePgDatabase<typeof schema>>()
  return {
    kind: 'postgres', executor: db as unknown as Executor, pglite: null, url, pool, migrate: folder => migratePg(db, { migrationsFolder: folder }), close: () => pool.end(),
    // Not the pool's own `transaction`: it never gives a connection back on which not even `begin` works any more.
    async transaction(work) {
      const client = await pool.connect()
      try {
        const own = perConnection.get(client) ?? drizzlePg(client, options)
        perConnection.set(client, own)
        return await own.transaction(tx => work(tx as unknown as Executor))
      } finally {
        client.release()
      }
    },
  }
}

/** A new cluster is unpacked, not made: `initdb` takes three seconds longer. */
async function openCluster(folder?: string): Promise<PGlite> {
  if (folder && existsSync(join(folder, 'PG_VERSION'))) return PGlite.create(folder)
  const { dataDir: emptyCluster } = await import('@electric-sql/pglite-prepopulatedfs')
  return PGlite.create({ ...(folder && { dataDir: folder }), loadDataDir: await emptyCluster() })
}

/** From here on PostgreSQL numbers types by itself: rows of tables, its own and ours, and arrays of them. Nothing asks for those, and PGlite copies all parsers that it has for each statement. */
const firstRowType = 10_000

async function openEmbedded(dataDir: string, onWait?: (holder: string) => void): Promise<Database> {
  const lock = dataDir === 'memory' ? null : await lockFolder(dataDir, onWait ? { onWait } : {})
  try {
    const pglite = await openCluster(lock ? dataDir : undefined)
    for (const oid of Object.keys(pglite.parsers)) if (Number(oid) >= firstRowType) Reflect.deleteProperty(pglite.parsers, oid)
    const db = drizzlePglite(pglite, options)
    return {
      kind: 'embedded', executor: db as unknown as Executor, pglite, url: null, pool: null, migrate: folder => migratePglite(db, { migrationsFolder: folder }),
      transaction: work => db.transaction(tx => work(tx as unknown as Executor)),
      async close() {
        await pglite.close()
        lock?.release()
      },
    }
  } catch (error) {
    lock?.release()
    throw error
  }
}

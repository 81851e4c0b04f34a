import { parseArgs } from 'node:util'
import { sql } from 'drizzle-orm'
import pino from 'pino'
import { grantApplicationRole } from '#db/application-role.ts'
import { openDatabase } from '#db/client.ts'
import type { Database } from '#db/client.ts'
import { openJobs } from '#server/platform/jobs.ts'
import journal from '../db/migrations/meta/_journal.json' with { type: 'json' }

/**
 * `npm run db:migrate`: brings `DATABASE_URL` up to this version: the tables, and the job queue's own schema. May run any number of times.
 * `-- --app-role <name>`: then grants that role what the running application needs, and on the journal nothing but reading and adding.
 */
const { values: { 'app-role': appRole } } = parseArgs({ options: { 'app-role': { type: 'string' } } })
const url = process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL is missing, for example postgres://gardu:…@localhost:5432/gardu')
  process.exit(1)
}
const rows = async (database: Database, query: ReturnType<typeof sql>) => (await database.executor.execute(query) as unknown as { rows: { count: number }[] }).rows
async function appliedCount(database: Database): Promise<number> {
  const [table] = await rows(database, sql`select count(*)::int as count from information_schema.tables where table_schema = 'drizzle' and table_name = '__drizzle_migrations'`)
  if (!table?.count) return 0
  const [applied] = await rows(database, sql`select count(*)::int as count from drizzle.__drizzle_migrations`)
  return applied?.count ?? 0
}

const database = await openDatabase({ url, poolSize: 2 })
try {
  const before = await appliedCount(database)
  await database.migrate('db/migrations')
  const after = await appliedCount(database)
  for (const { tag } of journal.entries.slice(before, after)) console.log(`applied ${tag}`)
  const jobs = await openJobs(database, pino({ level: 'warn' }), { supervise: false })
  await jobs.stop(5)
  console.log(after === before ? `nothing to do: all ${after} migrations were applied before` : `${after - before} applied, ${after} in all`)
  console.log('job queue: ready')
  if (appRole) {
    await grantApplicationRole(database, appRole)
    console.log(`role ${appRole}: may run the application`)
  }
} catch (error) {
  console.error(`The migration failed; what was applied before stays. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await database.close()
}

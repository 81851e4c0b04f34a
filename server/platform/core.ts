import type { Logger } from 'pino'
import { openDatabase } from '#db/client.ts'
import type { Database, Executor } from '#db/client.ts'
import { createStores } from '#db/stores.ts'
import type { Stores } from '#db/stores.ts'
import type { InvoicePrinter } from '#server/billing/ports.ts'
import { drawInvoice } from '#server/drivers/pdf/invoice.ts'
import type { Clock, LiveHint, NewId, SecretBox, Transact } from '#server/kernel/ports.ts'
import { adjustableClock, wallClock } from './clock.ts'
import type { AdjustableClock } from './clock.ts'
import type { Config } from './config.ts'
import { restoreDemoClock } from './demo-clock-store.ts'
import { uuidv7 } from './ids.ts'
import { openJobs } from './jobs.ts'
import type { JobSystem } from './jobs.ts'
import { memoryKeyValue, openRedis, redisKeyValue } from './kv.ts'
import type { KeyValue } from './kv.ts'
import { memoryLiveBus, redisLiveBus } from './live.ts'
import type { LiveBus } from './live.ts'
import { createLogger } from './log.ts'
import { scryptPasswords } from './passwords.ts'
import type { Passwords } from './passwords.ts'
import { secretBox } from './secrets.ts'
import { h3SessionCookie } from './session-cookie.ts'
import type { SessionCookie } from './session-cookie.ts'

/** What tests (and the Nitro plugin) may put in place of the real thing. */
export interface Outside { readonly clock?: Clock, readonly wallClock?: Clock, readonly newId?: NewId, readonly passwords?: Passwords, readonly sessionCookie?: SessionCookie, readonly printer?: InvoicePrinter, readonly log?: Logger, readonly superviseJobs?: boolean }

/** What every module is composed from. Only `server/platform/` sees it whole. */
export interface Core {
  readonly config: Config
  readonly log: Logger
  /** Business time. */
  readonly clock: AdjustableClock
  /** Time for tokens and codes: never moved. */
  readonly wallClock: Clock
  readonly newId: NewId
  readonly passwords: Passwords
  readonly secrets: SecretBox
  readonly sessionCookie: SessionCookie
  readonly printer: InvoicePrinter
  readonly database: Database
  readonly kv: KeyValue
  readonly live: LiveBus
  readonly jobs: JobSystem
  /** Stores outside a transaction: each statement is its own. */
  readonly read: Stores
  readonly transact: Transact<Stores>
  close(): Promise<void>
}

export async function openCore(config: Config, outside: Outside = {}): Promise<Core> {
  const log = outside.log ?? createLogger(config.GARDU_LOG_LEVEL)
  const clock = adjustableClock(outside.clock ?? wallClock)
  const newId = outside.newId ?? uuidv7
  const database = await openDatabase(config.DATABASE_URL ? { url: config.DATABASE_URL, poolSize: config.DATABASE_POOL_SIZE } : { dataDir: config.GARDU_DATA_DIR === 'memory' ? 'memory' : `${config.GARDU_DATA_DIR}/database`, onWait: holder => log.warn(`waiting for ${holder} to leave ${config.GARDU_DATA_DIR}/database`) })
  if (config.GARDU_MODE === 'embedded') await database.migrate(config.GARDU_MIGRATIONS_DIR)
  const redis = config.REDIS_URL ? openRedis(config.REDIS_URL) : null
  redis?.on('error', error => log.error({ err: error }, 'redis'))
  const kv = redis ? redisKeyValue(redis) : memoryKeyValue()
  const live = redis ? await redisLiveBus(redis) : memoryLiveBus()
  const jobs = await openJobs(database, log, outside.superviseJobs === undefined ? {} : { supervise: outside.superviseJobs })
  const stores = (executor: Executor, hints: LiveHint[] | null) => createStores(executor, { newId, now: clock.now, outbox: jobs.outboxOn(executor), live: { publish: hint => hints ? void hints.push(hint) : live.publish(hint) } })
  const read = stores(database.executor, null)
  if (config.GARDU_DEMO) await restoreDemoClock(clock, read.settings)
  return {
    config, log, clock, wallClock: outside.wallClock ?? wallClock, newId, passwords: outside.passwords ?? scryptPasswords(), secrets: secretBox(config.ENCRYPTION_KEY), sessionCookie: outside.sessionCookie ?? h3SessionCookie, printer: outside.printer ?? drawInvoice, database, kv, live, jobs,
    read,
    async transact(work) {
      const hints: LiveHint[] = []
      const result = await database.transaction(tx => work(stores(tx, hints)))
      hints.forEach(live.publish)
      return result
    },
    async close() {
      await jobs.stop(20)
      await live.close()
      await kv.close()
      await database.close()
    },
  }
}

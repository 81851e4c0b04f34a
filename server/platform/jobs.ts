import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { fromDrizzle, fromPglite, PgBoss } from 'pg-boss'
import type { DrizzleTransactionLike } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database, Executor } from '#db/client.ts'
import type { EventName, Events } from '#server/kernel/events.ts'
import type { Outbox } from '#server/kernel/ports.ts'

/** How the jobs of one event are worked on. Every handler may run twice: at least once is the promise, once the effect is the handler's. */
export interface QueueRule { readonly retryLimit: number, readonly retryDelay: number, readonly retryDelayMax: number, readonly expireInSeconds: number, readonly concurrency: number }

const rule = (retryLimit: number, retryDelay: number, concurrency = 1, expireInSeconds = 300): QueueRule => ({ retryLimit, retryDelay, retryDelayMax: 900, expireInSeconds, concurrency })

/** One queue per event, named as it. */
export const queueRules: Record<EventName, QueueRule> = {
  'billing.sweep-due': rule(3, 60, 1, 3600),
  'billing.plan-snapshot-due': rule(3, 60, 1, 3600),
  'billing.seal-due': rule(2, 30),
  'billing.ledger-audit-due': rule(2, 60, 1, 7200),
  'billing.price-announced': rule(20, 2, 1),
  'billing.deposit-paid': rule(20, 2, 2),
  'billing.service-paid': rule(20, 2, 2),
  'billing.service-suspended': rule(20, 2, 2),
  'billing.service-resumable': rule(20, 2, 2),
  'billing.service-changed': rule(20, 2, 2),
  'billing.service-ended': rule(20, 2, 2),
  'payments.webhooks-waiting': rule(12, 2, 1, 900),
  'payments.check-due': rule(8, 5, 2, 60),
  'payments.refund-due': rule(12, 5, 1, 60),
  'payments.compare-due': rule(8, 30, 1, 900),
  'payments.reconcile-due': rule(2, 30),
  'payments.cancel-due': rule(8, 5, 1, 60),
  // A saga keeps its own retries (back-off, reasons, take-over); a crash of the worker is found by recovery.
  'provisioning.saga-due': rule(5, 5, 4, 3600),
  'provisioning.recover-due': rule(1, 10),
  'provisioning.drift-due': rule(0, 10, 1, 1800),
  'provisioning.backups-due': rule(0, 10, 1, 900),
  'provisioning.account-backups-due': rule(0, 10, 1, 900),
  'provisioning.bulk-due': rule(0, 10, 1, 600),
  'provisioning.traffic-due': rule(0, 10, 1, 300),
  'infrastructure.collect-due': rule(0, 10),
  'infrastructure.sync-due': rule(0, 10, 1, 1800),
  'infrastructure.stock-due': rule(0, 10),
  // What is left open after an hour is queued again by the hour.
  'infrastructure.ptr-due': rule(10, 5, 1, 120),
  'infrastructure.names-due': rule(5, 10, 1, 120),
  // Five days: mail servers are away over weekends, and a final notice must not wait for a person.
  'notifications.mail-queued': rule(480, 5, 2, 60),
  // A delivery keeps its own retries (back-off, dead letter): these are for a database that is away. Four, so that one silent endpoint does not hold up the others.
  'notifications.webhook-due': rule(20, 5, 4, 60),
  'notifications.clear-due': rule(2, 60, 1, 3600),
}

export type Handlers = { [N in EventName]: (payload: Events[N]) => Promise<void> }

/** A job without a key of its own is limited by nobody: its id is its key. */
function jobIdentity() {
  const id = crypto.randomUUID()
  return { id, singletonKey: id }
}

export interface DeadJob { id: string, queue: string, createdAt: Date, failedAt: Date | null, attempts: number, error: string | null, data: unknown }

export interface QueueDepth { readonly name: string, readonly waiting: number, readonly running: number, readonly dead: number, /** How long the first of those that wait is due. */ readonly oldestSeconds: number | null }

export interface JobSystem {
  /** The outbox that writes with this executor: an open transaction's jobs exist only if it commits. */
  outboxOn(executor: Executor): Outbox
  work(handlers: Handlers): Promise<void>
  /** Jobs whose retries are used up, newest first; kept thirty days. */
  listDead(page: number, pageSize: number): Promise<{ items: DeadJob[], total: number }>
  /** Every queue that holds anything: jobs that are due and wait, that run, and that are dead. */
  depths(): Promise<QueueDepth[]>
  /** False when there is no such dead job. */
  retryDead(id: string): Promise<boolean>
  /** Waits until running jobs are done, at most `timeoutSeconds`, then hands the rest back to the queue. */
  stop(timeoutSeconds: number): Promise<void>
}

export async function openJobs(database: Database, log: Logger, options: { supervise?: boolean } = {}): Promise<JobSystem> {
  const shared = { schema: 'pgboss', schedule: false, supervise: options.supervise ?? true, useListenNotify: true, reindex: false, monitorVacuum: false }
  const boss = database.pglite
    ? new PgBoss({ ...shared, db: fromPglite(database.pglite), backend: 'pglite' })
    : new PgBoss({ ...shared, connectionString: database.url ?? '', max: 4, application_name: 'gardu-jobs' })
  boss.on('error', error => log.error({ err: error }, 'job queue'))
  await boss.start()
  for (const [name, { concurrency: _, ...queue }] of Object.entries(queueRules)) {
    const settings = { ...queue, retryBackoff: true, notify: true, deleteAfterSeconds: 30 * 86_400 }
    // `short` lets one job per singleton key wait; jobs without a key are not limited (their own id is the key).
    if (await boss.getQueue(name)) await boss.updateQueue(name, settings)
    else await boss.createQueue(name, { ...settings, policy: 'short' })
    // Loads the queue's settings now: loaded at the first send they would be asked of the embedded database inside the very transaction that waits for them.
    await boss.findJobs(name, { id: crypto.randomUUID() })
  }
  return {
    outboxOn: executor => ({
      async emit(name, payload, { singletonKey, startAfterSeconds } = {}) {
        const id = crypto.randomUUID()
        await boss.send(name, payload, { id, db: fromDrizzle(executor as unknown as DrizzleTransactionLike, sql), singletonKey: singletonKey ?? id, ...(startAfterSeconds ? { startAfter: startAfterSeconds } : {}) })
      },
      async emitMany(name, payloads) {
        if (payloads.length === 0) return
        const jobs = payloads.map(data => ({ ...jobIdentity(), data }))
        await boss.insert(name, jobs, { db: fromDrizzle(executor as unknown as DrizzleTransactionLike, sql) })
      },
    }),
    async work(handlers) {
      const startWorker = async (name: EventName) => {
        const handle = handlers[name] as (payload: unknown) => Promise<void>
        // A retry that comes due notifies nobody: two seconds are the longest it waits.
        let worker: string | null = null
        worker = await boss.work(name, { pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 2 }, async ([job]) => {
          if (!job) return
          try {
            await handle(job.data)
          } catch (error) {
            log.warn({ err: error, queue: name, job: job.id }, 'job failed; it is retried')
            throw error
          } finally {
            // Where one job was there may be another: notifications that came meanwhile are folded into one.
            if (worker) boss.notifyWorker(worker)
          }
        })
      }
      for (const name of Object.keys(queueRules) as EventName[]) for (let i = 0; i < queueRules[name].concurrency; i++) await startWorker(name)
    },
    async listDead(page, pageSize) {
      const found = await database.executor.execute(sql`select id, name, created_on, completed_on, retry_count, output, data, count(*) over() as total from pgboss.job where state = 'failed' order by created_on desc limit ${pageSize} offset ${(page - 1) * pageSize}`)
      const rows = (found as unknown as { rows: { id: string, name: string, created_on: string, completed_on: string | null, retry_count: number, output: { message?: string } | null, data: unknown, total: string }[] }).rows
      return {
        total: Number(rows[0]?.total ?? 0),
        items: rows.map(row => ({ id: row.id, queue: row.name, createdAt: new Date(row.created_on), failedAt: row.completed_on ? new Date(row.completed_on) : null, attempts: row.retry_count + 1, error: row.output?.message ?? null, data: row.data })),
      }
    },
    async depths() {
      const found = await database.executor.execute(sql`
        select name, count(*) filter (where state in ('created', 'retry') and start_after <= now())::int as waiting, count(*) filter (where state = 'active')::int as running, count(*) filter (where state = 'failed')::int as dead,
          extract(epoch from now() - min(greatest(created_on, start_after)) filter (where state in ('created', 'retry') and start_after <= now()))::float8 as oldest
        from pgboss.job where state in ('created', 'retry', 'active', 'failed') and name not like '\\_\\_%' group by name order by name`)
      return (found as unknown as { rows: { name: string, waiting: number, running: number, dead: number, oldest: number | null }[] }).rows.map(({ oldest, ...row }) => ({ ...row, oldestSeconds: oldest }))
    },
    async retryDead(id) {
      const found = await database.executor.execute(sql`select name from pgboss.job where id = ${id} and state = 'failed'`)
      const name = (found as unknown as { rows: { name: string }[] }).rows[0]?.name
      if (!name) return false
      await boss.retry(name, id)
      return true
    },
    async stop(timeoutSeconds) {
      const until = performance.now() + timeoutSeconds * 1000
      // Each queue ends when its last job does; the library's own stop looks only twice a second.
      const patience = new AbortController()
      await Promise.race([
        Promise.all(Object.keys(queueRules).map(name => boss.offWork(name))),
        pause(timeoutSeconds * 1000, undefined, { signal: patience.signal }).catch(() => undefined),
      ])
      patience.abort()
      await boss.stop({ graceful: true, timeout: Math.max(0, until - performance.now()) })
    },
  }
}

import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import pino from 'pino'
import type { Logger } from 'pino'
import type { InvoicePrinter } from '#server/billing/ports.ts'
import type { Clock } from '#server/kernel/ports.ts'
import { createApp } from '#server/platform/app.ts'
import type { App } from '#server/platform/app.ts'
import { loadConfig } from '#server/platform/config.ts'
import { ownDatabase } from './prepared-databases.ts'

/** The databases that every integration test runs on: the embedded one always, PostgreSQL where `GARDU_TEST_DATABASE_URL` names a server. */
export const databaseKinds = (): ('embedded' | 'postgres')[] => {
  if (process.env.GARDU_TEST_DATABASE_URL) return ['embedded', 'postgres']
  if (process.env.CI === 'true') throw new Error('GARDU_TEST_DATABASE_URL must name a PostgreSQL server: with CI=true nothing is left out')
  return ['embedded']
}

export interface TestClock extends Clock { set(moment: string | Date): void, advance(milliseconds: number): void }
export function testClock(start: string | Date): TestClock {
  let now = new Date(start)
  const set = (moment: string | Date) => {
    now = new Date(moment)
  }
  return { now: () => new Date(now), set, advance: milliseconds => set(new Date(now.getTime() + milliseconds)) }
}

export interface TestApp { readonly app: App, readonly clock: TestClock, /** Waits until no job is due or running; fails after `seconds`. */ idle(seconds?: number): Promise<void>, close(): Promise<void> }

const secret = () => randomBytes(36).toString('base64url')

/** A whole application without HTTP on a database of its own: time stands still until the test moves it. */
export async function startTestApp(options: { kind: 'embedded' | 'postgres', start?: string, env?: Record<string, string>, workers?: boolean, logLevel?: string, log?: Logger, /** For tokens and codes; the real time unless a test must move it. */ wallClock?: Clock, printer?: InvoicePrinter }): Promise<TestApp> {
  const clock = testClock(options.start ?? '2026-11-02T03:00:00Z')
  const own = await ownDatabase(options.kind)
  const config = loadConfig({
    GARDU_MODE: 'embedded', GARDU_BASE_URL: 'http://localhost:3000', GARDU_LOG_LEVEL: 'silent', JWT_SECRET: secret(), NUXT_SESSION_PASSWORD: secret(), ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ...own.env, ...options.env,
  })
  const app = await createApp(config, { clock, log: options.log ?? pino({ level: options.logLevel ?? 'silent' }), superviseJobs: false, ...(options.wallClock ? { wallClock: options.wallClock } : {}), ...(options.printer ? { printer: options.printer } : {}) })
  if (options.workers ?? true) await app.startWorkers()
  return {
    app, clock,
    async idle(seconds = 20) {
      const until = performance.now() + seconds * 1000
      for (;;) {
        const found = await app.core.database.executor.execute(sql`select name, state from pgboss.job where state in ('created', 'retry', 'active') and name not like '\\_\\_%' and start_after <= now() limit 5`)
        const rows = (found as unknown as { rows: { name: string, state: string }[] }).rows
        if (rows.length === 0) return
        if (performance.now() > until) throw new Error(`jobs still to do: ${JSON.stringify(rows)}`)
        await pause(20)
      }
    },
    async close() {
      await app.close()
      await own.remove()
    },
  }
}

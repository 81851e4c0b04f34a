import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import pino from 'pino'
import type { EventName } from '#server/kernel/events.ts'
import { createApp } from '#server/platform/app.ts'
import type { App } from '#server/platform/app.ts'
import { loadConfig } from '#server/platform/config.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { startMidtransSimulator } from '../../simulators/midtrans/index.ts'
import type { MidtransSimulator } from '../../simulators/midtrans/index.ts'
import { testClock } from '../support/app.ts'
import type { TestClock } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { ownDatabase } from '../support/prepared-databases.ts'

/** The product with its gateway beside it, on time that the simulation moves; it can be shut and opened again on the same data. */
export interface House {
  readonly clock: TestClock, readonly midtrans: MidtransSimulator
  app(): App
  world(): ReturnType<typeof billingWorld>
  /** Everything in memory is lost, as when the process ends. */
  restart(): Promise<void>
  /** Works on all jobs that are due, as the workers would, but once: what failed is left to the looks for what was lost. Machines are built at once. */
  work(): Promise<void>
  close(): Promise<void>
}

const serverKey = 'SB-Mid-server-simulated-business'
const secret = () => randomBytes(36).toString('base64url')

export async function openHouse(kind: 'embedded' | 'postgres', start: string): Promise<House> {
  const clock = testClock(start)
  let app: App | null = null
  const open = () => {
    if (!app) throw new Error('the house is shut')
    return app
  }
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk as Buffer))
    request.on('end', () => {
      if (!app) return response.writeHead(503).end()
      app.payments.receiveWebhook({ gateway: 'midtrans', raw: Buffer.concat(chunks), headers: {} }).then(() => response.writeHead(200).end('{}'), error => response.writeHead(error instanceof AppError ? error.status : 500).end())
    })
  })
  await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  const midtrans = await startMidtransSimulator({ app: address, serverKey, now: () => clock.now().getTime() })
  const database = await ownDatabase(kind)
  const config = loadConfig({
    GARDU_MODE: 'embedded', GARDU_BASE_URL: address, GARDU_LOG_LEVEL: 'silent', JWT_SECRET: secret(), NUXT_SESSION_PASSWORD: secret(), ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    MIDTRANS_SERVER_KEY: serverKey, MIDTRANS_API_URL: midtrans.url, MIDTRANS_SNAP_URL: midtrans.url, ...database.env,
  })
  // Ids in the order of their making: what is done row by row is done in the same order in each life with the same seed.
  let made = 0
  const newId = () => `01900000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`
  const begin = async () => {
    app = await createApp(config, { clock, newId, log: pino({ level: 'silent' }), superviseJobs: false })
  }
  await begin()
  return {
    clock, midtrans, app: open, world: () => billingWorld(open()),
    async restart() {
      const old = open()
      app = null
      await old.close()
      await begin()
    },
    work: () => work(open()),
    async close() {
      await midtrans.close()
      receiver.closeAllConnections()
      await new Promise(resolve => receiver.close(resolve))
      await app?.close()
      await database.remove()
    },
  }
}

interface Job { id: string, name: EventName, data: Record<string, string> }

async function work(app: App): Promise<void> {
  const world = billingWorld(app)
  const own = { ...app.billing.handlers, ...app.payments.handlers } as Partial<Record<EventName, (payload: never) => Promise<unknown>>>
  const machines: Partial<Record<EventName, (payload: Record<string, string>) => Promise<unknown>>> = {
    'billing.service-paid': ({ serviceId }) => world.activate(serviceId ?? ''),
    'billing.service-resumable': ({ serviceId }) => world.activate(serviceId ?? ''),
  }
  // A round's jobs may ask for more; one that puts itself off is not due again.
  for (let round = 0; round < 20; round++) {
    const jobs = await world.rows<Job>(sql`delete from pgboss.job where id in (select id from pgboss.job where state in ('created', 'retry') and name not like '\\_\\_%' and start_after <= now() order by created_on limit 500) returning id, name, data`)
    if (jobs.length === 0) return
    for (const { name, data } of jobs) {
      const handle = machines[name] ?? own[name]
      await handle?.(data as never).catch((error: unknown) => {
        // Trouble of the gateway; anything else is a fault of the program.
        if (!(error instanceof DriverError) && !(error instanceof AppError)) throw error
      })
    }
  }
}

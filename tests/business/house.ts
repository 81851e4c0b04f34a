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
import { billingWorld, tester } from '../support/billing.ts'
import { ownDatabase } from '../support/prepared-databases.ts'
import { archive } from './archive.ts'
import type { Archive } from './archive.ts'
import { openMailRoom } from './mail-room.ts'
import type { MailRoom } from './mail-room.ts'

/** The product with its gateway and its mail server beside it, on time that the simulation moves; it can be shut and opened again on the same data. */
export interface House {
  readonly clock: TestClock, readonly midtrans: MidtransSimulator, readonly mailRoom: MailRoom
  /** What the gateway did long ago. */
  readonly archive: Archive
  app(): App
  world(): ReturnType<typeof billingWorld>
  /** Everything in memory is lost, as when the process ends. */
  restart(): Promise<void>
  /** Works on all jobs that are due, as the workers would, but once: what failed is left to the looks for what was lost. Machines are built at once. */
  work(): Promise<void>
  /** Sends the letters that wait; those that the mail server does not take wait for the next time. */
  post(): Promise<void>
  close(): Promise<void>
}

const serverKey = 'SB-Mid-server-simulated-business'
const secret = () => randomBytes(36).toString('base64url')

/** `lanes`: so many jobs are worked on at once. With more than one, two lives with the same seed differ by the order in which jobs end. */
export async function openHouse(kind: 'embedded' | 'postgres', start: string, lanes = 1): Promise<House> {
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
  const mailRoom = await openMailRoom()
  const database = await ownDatabase(kind)
  const config = loadConfig({
    GARDU_MODE: 'embedded', GARDU_BASE_URL: address, GARDU_LOG_LEVEL: 'silent', JWT_SECRET: secret(), NUXT_SESSION_PASSWORD: secret(), ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    MIDTRANS_SERVER_KEY: serverKey, MIDTRANS_API_URL: midtrans.url, MIDTRANS_SNAP_URL: midtrans.url, SMTP_URL: mailRoom.url, DATABASE_POOL_SIZE: String(lanes + 6), ...database.env,
  })
  // Ids in the order of their making: what is done row by row is done in the same order in each life with the same seed.
  let made = 0
  const newId = () => `01900000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`
  const begin = async () => {
    app = await createApp(config, { clock, newId, log: pino({ level: 'silent' }), superviseJobs: false })
  }
  await begin()
  return {
    clock, midtrans, mailRoom, archive: archive(midtrans.state), app: open, world: () => billingWorld(open()),
    async restart() {
      const old = open()
      app = null
      await old.close()
      await begin()
    },
    work: () => work(open(), lanes), post: () => postLetters(open()),
    async close() {
      await midtrans.close()
      await mailRoom.close()
      receiver.closeAllConnections()
      await new Promise(resolve => receiver.close(resolve))
      await app?.close()
      await database.remove()
    },
  }
}

interface Job { id: string, name: EventName, data: Record<string, string> }
const dueJobs = sql`state in ('created', 'retry') and name not like '\\_\\_%' and start_after <= now()`
const letters: EventName = 'notifications.mail-queued'
/** Letters on their way at once: the mail server greets each connection after a tenth of a second, and who waits for it does nothing. */
const senders = 16

/** Trouble of the gateway or of the mail server; anything else is a fault of the program. */
function forgive(error: unknown) {
  if (!(error instanceof DriverError) && !(error instanceof AppError)) throw error
}

async function inLanes<T>(items: readonly T[], lanes: number, act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item)
  }))
}

async function work(app: App, lanes: number): Promise<void> {
  const { rows } = billingWorld(app)
  const own = { ...app.billing.handlers, ...app.payments.handlers, ...machines(app) } as Partial<Record<EventName, (payload: never) => Promise<unknown>>>
  // A round's jobs may ask for more; one that puts itself off is not due again.
  for (let round = 0; round < 40; round++) {
    const jobs = await rows<Job>(sql`delete from pgboss.job where id in (select id from pgboss.job where ${dueJobs} and name <> ${letters} order by created_on limit 500) returning id, name, data`)
    if (jobs.length === 0) return
    await inLanes(jobs, lanes, async ({ name, data }) => void await own[name]?.(data as never).catch(forgive))
  }
}

/** A letter's job stands until the letter is out or refused for good, as a worker's retries and a person's would have it. */
async function postLetters(app: App): Promise<void> {
  const { rows } = billingWorld(app)
  for (let after: string | null = null; ;) {
    const jobs: Job[] = await rows<Job>(sql`select id, name, data from pgboss.job where ${dueJobs} and name = ${letters} and (${after}::uuid is null or id > ${after}::uuid) order by id limit 200`)
    const out: string[] = []
    await inLanes(jobs, senders, async ({ id, data }) => {
      await app.notifications.sendMail({ mailId: data.mailId ?? '' }).then(() => out.push(id), forgive)
    })
    if (out.length > 0) await rows(sql`delete from pgboss.job where name = ${letters} and id = any(string_to_array(${out.join()}, ',')::uuid[])`)
    // Nobody takes letters: those behind these wait, too.
    after = jobs.at(-1)?.id ?? null
    if (after === null || out.length === 0) return
  }
}

/** Machines and their addresses, as the workers of provisioning leave them when all goes well. */
function machines(app: App): Partial<Record<EventName, (payload: Record<string, string>) => Promise<unknown>>> {
  const { rows, activate } = billingWorld(app)
  const build = async ({ serviceId = '' }: Record<string, string>) => {
    await rows(sql`insert into resources (service_id, status, connection_id, node, ownership_mark, power, changed_at)
      select ${serviceId}::uuid, 'ready', p.connection_id, 'jkt1', gen_random_uuid(), 'running', now() from addresses a join address_pools p on p.id = a.pool_id where a.service_id = ${serviceId}::uuid on conflict (service_id) do nothing`)
    await activate(serviceId)
  }
  return {
    'billing.service-paid': build,
    'billing.service-resumable': build,
    'billing.service-changed': ({ serviceId = '' }) => app.core.transact(stores => app.billing.finishChange(stores, { serviceId, actor: tester })),
    'billing.service-ended': async ({ serviceId = '' }) => {
      await rows(sql`update addresses set status = 'free', service_id = null where service_id = ${serviceId}::uuid`)
      for (const status of ['destroying', 'destroyed']) await rows(sql`update resources set status = ${status} where service_id = ${serviceId}::uuid`)
    },
  }
}

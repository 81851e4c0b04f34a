import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eq, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { payments, webhooks } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { GatewayMethod, GatewayName } from '#shared/vocabulary/payments.ts'
import type { InvoicePrinter } from '#server/billing/ports.ts'
import type { UserActor } from '#server/platform/http.ts'
import { startMidtransSimulator } from '../../simulators/midtrans/index.ts'
import type { MidtransSimulator } from '../../simulators/midtrans/index.ts'
import { startTestApp } from './app.ts'
import type { TestApp } from './app.ts'
import { billingWorld } from './billing.ts'

export interface PaymentWorld { readonly test: TestApp, readonly midtrans: MidtransSimulator, readonly world: ReturnType<typeof billingWorld>, close(): Promise<void> }

export const xenditToken = 'xendit-callback-token-of-the-tests'
export const clientActor = (id: string): UserActor => ({ kind: 'user', id, name: 'Sari Dewi', role: 'client' })
export const financeActor: UserActor = { kind: 'user', id: '01900000-0000-7000-8000-0000000000f1', name: 'Finance', role: 'finance' }

/**
 * The application on a database of its own beside the Midtrans simulator, which notifies it over HTTP. No workers run: a test works on
 * what waits by `work()`, so that it decides the order.
 */
export async function startPaymentWorld(kind: 'embedded' | 'postgres', env: Record<string, string> = {}, outside: { readonly log?: Logger, readonly printer?: InvoicePrinter } = {}) {
  const receiver: { test: TestApp | null } = { test: null }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk as Buffer))
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      receiver.test?.app.payments.receiveWebhook({ gateway: 'midtrans', raw: Buffer.concat(chunks), headers }).then(() => response.writeHead(200).end('{}'), error => response.writeHead(error instanceof AppError ? error.status : 500).end())
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const time = { now: () => receiver.test?.clock.now().getTime() ?? 0 }
  const midtrans = await startMidtransSimulator({ app: address, now: () => time.now() })
  const test = await startTestApp({ kind, workers: false, env: { MIDTRANS_SERVER_KEY: midtrans.serverKey, MIDTRANS_API_URL: midtrans.url, MIDTRANS_SNAP_URL: midtrans.url, GARDU_BASE_URL: address, XENDIT_CALLBACK_TOKEN: xenditToken, DATABASE_POOL_SIZE: '20', ...env }, ...outside })
  receiver.test = test
  const { app } = test
  const db = app.core.database.executor
  const world = billingWorld(app)
  return {
    test, midtrans, world,
    start: (order: { clientId: string, invoiceId: string }, method: GatewayMethod) => app.payments.startPayment({ actor: clientActor(order.clientId), invoiceId: order.invoiceId, method }),
    payment: async (id: string) => {
      const [row] = await db.select().from(payments).where(eq(payments.id, id))
      if (!row) throw new Error('no such payment')
      return row
    },
    paymentsOf: (invoiceId: string) => db.select().from(payments).where(eq(payments.invoiceId, invoiceId)).orderBy(payments.createdAt),
    hooks: (orderId: string) => db.select().from(webhooks).where(eq(webhooks.orderId, orderId)).orderBy(webhooks.receivedAt),
    allHooks: (gateway: GatewayName) => db.select().from(webhooks).where(eq(webhooks.gateway, gateway)).orderBy(webhooks.receivedAt, webhooks.id),
    /** Waits until the simulator has delivered everything, then works on what waits. */
    async work() {
      // Deliveries that were put in another order leave a few milliseconds apart, by the same clock.
      test.clock.advance(1_000)
      await midtrans.notifications.idle(10_000)
      await app.payments.handlers['payments.webhooks-waiting']()
    },
    entries: async (cause: string, causeId: string) => (await world.rows<{ n: number }>(sql`select count(*)::int as n from journal_entries where cause = ${cause} and cause_id = ${causeId}`))[0]?.n ?? 0,
    async close() {
      await midtrans.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await test.close()
    },
  }
}

import { composeAudit } from './compose/audit.ts'
import { composeBilling } from './compose/billing.ts'
import { composeCatalog } from './compose/catalog.ts'
import { composeClients } from './compose/clients.ts'
import { composeDomains } from './compose/domains.ts'
import { composeHolidays } from './compose/holidays.ts'
import { composeIdentity } from './compose/identity.ts'
import { composeInfrastructure } from './compose/infrastructure.ts'
import { composeMonitoring } from './compose/monitoring.ts'
import { composeNotifications } from './compose/notifications.ts'
import { composeOrdering } from './compose/ordering.ts'
import { composePayments } from './compose/payments.ts'
import { composeProvisioning } from './compose/provisioning.ts'
import { composeReports } from './compose/reports.ts'
import { composeTax } from './compose/tax.ts'
import type { Config } from './config.ts'
import { consoleRelay } from './console-relay.ts'
import { openCore } from './core.ts'
import type { Outside } from './core.ts'
import { eventStreams } from './event-streams.ts'
import type { Handlers } from './jobs.ts'

/**
 * The composition root: the one place that knows which driver and which repository stands behind each port. Answers the use cases by
 * module. Tests call it with a clock of their own; the server calls it once, in `server/plugins/app.ts`.
 */
export async function createApp(config: Config, outside: Outside = {}) {
  const core = await openCore(config, outside)
  const notifications = composeNotifications(core)
  const audit = composeAudit(core)
  const identity = composeIdentity(core)
  const clients = composeClients(core)
  const taxes = await composeTax(core)
  const catalog = composeCatalog(core, taxes)
  const infrastructure = composeInfrastructure(core)
  const monitoring = composeMonitoring(core, infrastructure)
  infrastructure.connect({ onCollected: monitoring.evaluateAlarms })
  const holidays = await composeHolidays(core)
  const billing = composeBilling(core, taxes, holidays)
  const ordering = composeOrdering(core, billing, infrastructure)
  const payments = composePayments(core, billing)
  billing.connect({ viewPayments: payments.viewPayments, paymentMethods: payments.paymentMethods, onOrderPaid: ordering.onOrderPaid, onOrderExpired: ordering.onOrderExpired })
  const provisioning = composeProvisioning(core, billing, infrastructure)
  const domains = composeDomains(core)
  const reports = composeReports(core, billing)
  const modules = { notifications, audit, identity, clients, catalog, infrastructure, monitoring, billing, ordering, payments, provisioning, domains, reports }
  const handlers: Partial<Handlers> = Object.assign({}, ...Object.values(modules).map(module => 'handlers' in module ? module.handlers : {}))
  const streams = eventStreams(core.live)
  const consoles = consoleRelay({
    baseUrl: config.GARDU_BASE_URL, kv: core.kv, live: core.live, log: core.log, takeTicket: provisioning.takeConsoleTicket, open: provisioning.openConsole,
    standings: core.read.serviceControl.standings, sessionHolder: identity.sessionHolder,
  })
  return {
    ...modules,
    core,
    taxes,
    streams,
    consoles,
    /** Begins to work on jobs; a process that only serves pages leaves it. */
    startWorkers: () => core.jobs.work(handlers as Handlers),
    /** Asks once for all that recurs: what fell due while no process ran is not left until the hour comes round. */
    async catchUp() {
      for (const request of [billing.requestSweep, billing.requestPlanSnapshot, payments.requestReconcile, provisioning.requestRecovery, infrastructure.requestCollection]) await request('start')
    },
    async ready() {
      await Promise.all([core.kv.ping(), core.read.health.ping()])
    },
    close() {
      streams.close()
      consoles.close()
      taxes.close()
      holidays.close()
      infrastructure.closeHypervisors()
      return core.close()
    },
  }
}

export type App = Awaited<ReturnType<typeof createApp>>

let running: App | null = null
export const setApp = (app: App | null) => {
  running = app
}

/** The running application. @throws when it is not started yet or already stopped. */
export function useApp(): App {
  if (!running) throw new Error('the application is not running')
  return running
}

/** For what the clock starts: lets `ask` act while the application runs. Before and after that it is left to the next tick (and to `catchUp`). */
export async function whileRunning(ask: (app: App) => Promise<void>): Promise<{ result: 'requested' | 'not running' }> {
  if (!running) return { result: 'not running' }
  await ask(running)
  return { result: 'requested' }
}

import { flushCompileCache } from 'node:module'
import { sagas } from '#db/schema/index.ts'
import { inArray } from 'drizzle-orm'
import type { Transact } from '#server/kernel/ports.ts'
import { createApp } from '#server/platform/app.ts'
import { loadConfig } from '#server/platform/config.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import type { ProvisioningStores } from '#server/provisioning/ports.ts'
import { runSaga } from '#server/provisioning/run-saga.ts'
import type { FromWorker, ToWorker } from './worker-processes.ts'

/**
 * The saga engine of the whole product as a process of its own. Before and after each transaction and each remote call it says so and goes on only when it
 * is told to: who started it can kill it, or stop it, exactly there. Time is what it is told.
 */
process.once('disconnect', () => process.exit())
const say = (message: FromWorker) => void process.send?.(message)
const heard = () => new Promise<ToWorker>(resolve => process.once('message', message => resolve(message as ToWorker)))

let wall = 0
const begin = heard()
const app = await createApp(loadConfig(process.env), { clock: { now: () => new Date(Number(process.env.GARDU_TEST_NOW)) }, wallClock: { now: () => new Date(wall) }, superviseJobs: false })
const { core, infrastructure, billing } = app
// Whoever is killed writes no cache as it ends.
flushCompileCache()
let sagaId = ''
async function pass(point: string, over = false) {
  const told = heard()
  say({ point, over, wall })
  wall = (await told).wall
}
const announced = <Driver extends object>(driver: Driver): Driver => new Proxy(driver, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name)
    if (typeof member !== 'function') return member
    return async (...input: unknown[]) => {
      await pass(`before ${String(name)}`)
      const answer: unknown = await member.apply(target, input)
      await pass(`after ${String(name)}`)
      return answer
    }
  },
})
const transact: Transact<ProvisioningStores> = async (work) => {
  await pass('before a transaction')
  const result = await core.transact(work)
  await pass('after a transaction', (await core.read.sagas.find(sagaId))?.status === 'done')
  return result
}
const run = runSaga({
  transact, read: core.read, clock: core.clock, wallClock: core.wallClock, log: core.log, pause: async seconds => void (wall += seconds * 1000),
  tools: {
    openHypervisor: async id => announced(await infrastructure.openHypervisor(id)), openPanel: async id => announced(await infrastructure.openPanel(id)), checkCapacity: infrastructure.checkCapacity, holdCapacity: infrastructure.holdCapacity, roomOnNodes: infrastructure.roomOnNodes,
    findServers: infrastructure.findServers, holdAccounts: infrastructure.holdAccounts, markServiceActive: billing.markServiceActive, finishChange: billing.finishChange, secrets: core.secrets, newPassword: () => `pass-${uuidv7()}`,
  },
})

wall = (await begin).wall
for (;;) {
  for (;;) {
    const [due] = await core.read.sagas.listDue(core.wallClock.now(), 1)
    if (due) {
      sagaId = due
      await run({ sagaId })
      continue
    }
    const open = await core.database.executor.select().from(sagas).where(inArray(sagas.status, ['running', 'waiting']))
    if (open.length === 0) break
    wall = Math.max(wall + 1000, Math.min(...open.map(saga => (saga.retryAt ?? saga.leaseUntil ?? core.wallClock.now()).getTime())) + 1)
  }
  const told = heard()
  say({ idle: true, wall })
  wall = (await told).wall
}

import { flushCompileCache } from 'node:module'
import { createApp } from '#server/platform/app.ts'
import { loadConfig } from '#server/platform/config.ts'

/**
 * The product without its pages, as a process of its own that can be killed: works on jobs as a server does from its start, once it is told
 * to. Leases are real time: the message says how many seconds its clock is ahead, so that the lease of a dead process has lapsed.
 */
process.once('disconnect', () => process.exit())
const { secondsAhead } = await new Promise<{ secondsAhead: number }>(resolve => process.once('message', message => resolve(message as { secondsAhead: number })))
const app = await createApp(loadConfig(process.env), { wallClock: { now: () => new Date(Date.now() + secondsAhead * 1000) } })
// Whoever is killed writes no cache as it ends.
flushCompileCache()
await app.startWorkers()
await app.catchUp()

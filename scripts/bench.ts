import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seedServices, timePlan } from '../tests/bench/billing-plan.ts'
import { benchBooking } from '../tests/bench/booking.ts'
import { benchConsole } from '../tests/bench/console.ts'
import { benchJavaScript, benchLighthouse } from '../tests/bench/browser.ts'
import { benchJourney } from '../tests/bench/journey.ts'
import { benchInventory, benchProvisioning } from '../tests/bench/machines.ts'
import { benchLedger, seedJournal } from '../tests/bench/ledger.ts'
import { median, report, startServer } from '../tests/bench/measure.ts'
import type { Line } from '../tests/bench/measure.ts'
import { benchMonitoring } from '../tests/bench/monitoring.ts'
import { benchPlanDifference } from '../tests/bench/plan-difference.ts'
import { benchMemory, benchPages, benchWebhooks } from '../tests/bench/pages.ts'
import { benchReports } from '../tests/bench/reports.ts'
import { benchSweep } from '../tests/bench/sweep.ts'
import { startTestApp } from '../tests/support/app.ts'
import { startDemo } from '../tests/support/demo.ts'
import { until } from '../tests/support/journey.ts'
import { findComponents, freePort, startPostgres, startRedis } from './components.ts'
import { embeddedEnvironment, simulatorAddresses, startSimulators } from './embedded.ts'

/** `npm run bench`: speed and memory as ratios of this one run; absolute numbers only beside them. Exit 1 when a bound is missed. */
const say = (line: string) => console.log(line)
const found = findComponents(say)
if (!found.postgresql || !found.redis || !found.chromium) {
  say('the benchmarks need PostgreSQL, Redis and Chromium')
  process.exit(2)
}
const build = (root?: string) => {
  const done = spawnSync('node_modules/.bin/nuxt', ['build', ...(root ? [root] : [])], { encoding: 'utf8', env: { ...process.env, NODE_ENV: 'production' } })
  if (done.status !== 0) throw new Error(done.stdout + done.stderr)
}
say('building …')
build()
build('tests/bench/bare')

const folder = mkdtempSync(join(tmpdir(), 'gardu-bench-'))
const postgres = await startPostgres(found.postgresql, { durable: true })
const redis = await startRedis(found.redis)
const stops: (() => unknown)[] = [() => postgres.stop(), () => redis.stop()]
let misses = 0
const measured = (...lines: readonly Line[]) => {
  for (const line of lines) if (!report(line)) misses += 1
}
try {
  process.env.GARDU_TEST_DATABASE_URL = postgres.url
  say('planning over 100,000 services …')
  const test = await startTestApp({ kind: 'postgres', start: '2026-11-23T03:00:00Z', workers: false })
  await seedServices(test.app, 100_000)
  await timePlan(test.app)
  const plans = []
  for (let i = 0; i < 5; i++) plans.push(await timePlan(test.app))
  await test.close()
  measured({ name: 'plan over 100,000 services / SQL that selects the candidates', value: median(plans.map(p => p.planMilliseconds)) / median(plans.map(p => p.sqlMilliseconds)), unit: '×', atMost: 3, note: `${median(plans.map(p => p.planMilliseconds)).toFixed(0)} and ${median(plans.map(p => p.sqlMilliseconds)).toFixed(0)} ms, ${plans[0]?.actions} actions` })

  say('holding the plan against yesterday\'s, over 100,000 services …')
  measured(...await benchPlanDifference(100_000))

  say('running the calendar over 100,000 due services …')
  measured(...await benchSweep(100_000))

  say('payments from their notification to the books …')
  measured(...await benchBooking(300))

  say('a hundred machines at once …')
  measured(await benchProvisioning(100))

  say('the minute\'s look at 5,000 machines …')
  measured(await benchInventory(5000))

  say('consoles, relayed …')
  measured(...await benchConsole(200))

  say('collecting 200 nodes and 5,000 machines …')
  measured(...await benchMonitoring(200, 5000))

  say('reports over 1,000,000 journal lines …')
  const books = await startTestApp({ kind: 'postgres', start: '2026-12-15T03:00:00Z', workers: false })
  measured(...await benchReports(books.app, 1_000_000))
  await books.close()
  say('a journal of 1,000,000 lines …')
  const ledger = await startTestApp({ kind: 'postgres', workers: false })
  await seedJournal(ledger.app, 1_000_000)
  measured(...await benchLedger(ledger.app))
  await ledger.close()

  say('pages, webhooks, memory (PostgreSQL and Redis) …')
  execFileSync('psql', [postgres.url, '-qc', 'create database gardu_bench'])
  const databaseUrl = postgres.url.replace(/\/postgres$/, '/gardu_bench')
  const [port, barePort, base] = [await freePort(), await freePort(), await freePort()]
  const simulators = simulatorAddresses(base)
  const simulated = await startSimulators({ dataDir: folder, simulators, app: `http://127.0.0.1:${port}`, started: child => stops.push(() => child.kill('SIGTERM')) })
  const environment = { ...embeddedEnvironment({ dataDir: folder, port, host: '127.0.0.1', simulators }), ...simulated.environment }
  const gardu = await startServer('.output/server/index.mjs', port, { ...environment, DATABASE_URL: databaseUrl, REDIS_URL: redis.url, GARDU_LOG_LEVEL: 'error' }, '/ready')
  stops.push(() => gardu.stop())
  measured(benchMemory(gardu))
  const bare = await startServer('tests/bench/bare/.output/server/index.mjs', barePort, {}, '/')
  stops.push(() => bare.stop())
  measured(...await benchPages(gardu, bare))
  measured(...await benchWebhooks(gardu, databaseUrl, environment.MIDTRANS_SERVER_KEY ?? ''))

  say('the home page in the browser …')
  measured(await benchJavaScript(gardu.url))
  measured(...await benchLighthouse(gardu.url, found.chromium))
  await gardu.stop()
  await bare.stop()

  say('from payment to active (embedded demo) …')
  const demo = await startDemo({ env: { GARDU_SIMULATOR_DELAY: '0' } })
  const started = await until('the demo says how long it took', () => Promise.resolve(/ready \(([\d.]+) s\)/.exec(demo.output())?.[1]), seconds => seconds !== undefined)
  measured({ name: 'demo start after the build, first time', value: Number(started), unit: 's', atMost: 8 })
  try {
    measured(await benchJourney(demo))
  } finally {
    await demo.stop()
  }
} finally {
  for (const stop of stops.reverse()) await stop()
  rmSync(folder, { recursive: true, force: true })
  for (const made of ['.output', '.nuxt']) rmSync(join('tests/bench/bare', made), { recursive: true, force: true })
}
process.exit(misses === 0 ? 0 : 1)

import { parseArgs } from 'node:util'
import { simulate } from '../tests/business/simulate.ts'
import { findComponents, startPostgres } from './components.ts'

/** `npm run simulate -- [--clients 2000] [--days 1095] [--seed N] [--lanes 8] [--minutes 120] [--embedded]`: years of a hosting company in some hours, or as many days as fit into `--minutes`; exit 1 when a promise is broken. */
const { values } = parseArgs({ options: { clients: { type: 'string', default: '2000' }, days: { type: 'string', default: '1095' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) }, lanes: { type: 'string', default: '8' }, minutes: { type: 'string' }, embedded: { type: 'boolean', default: false } } })
const [clients, days, seed] = [Number(values.clients), Number(values.days), Number(values.seed)]
const lanes = values.embedded ? 1 : Number(values.lanes)
const until = values.minutes ? performance.now() + Number(values.minutes) * 60_000 : Number.POSITIVE_INFINITY
const found = values.embedded ? null : findComponents(line => console.log(line)).postgresql
if (!values.embedded && !found) {
  console.error('PostgreSQL is needed (on Debian: apt-get install postgresql), or say --embedded')
  process.exit(2)
}
const postgres = found ? await startPostgres(found) : null
if (postgres) process.env.GARDU_TEST_DATABASE_URL = postgres.url
console.log(`seed ${seed}: ${clients} clients, ${days} days`)
const started = performance.now()
try {
  let told = 0
  const { broken, totals, tally, days: lived } = await simulate({
    kind: postgres ? 'postgres' : 'embedded', seed, clients, days, lanes,
    onProgress(today, so) {
      if (today >= told + 30) {
        told = today
        console.log(`day ${today} (${Math.round((performance.now() - started) / 1000)} s, ${Math.round(process.memoryUsage().heapUsed / 1_048_576)} MB): ${so.orders} orders, ${so.payments} payments, ${so.transfers} transfers`)
      }
      return performance.now() < until
    },
  })
  console.log(`${lived} days lived`)
  console.log(JSON.stringify(tally))
  console.log(`gateway Rp ${totals.gateway}, ledger Rp ${totals.ledger}${totals.gateway === totals.ledger ? '' : ': THEY DIFFER'}`)
  for (const promise of broken) console.log(`BROKEN ${promise}`)
  process.exitCode = broken.length > 0 || totals.gateway !== totals.ledger ? 1 : 0
} finally {
  await postgres?.stop()
}

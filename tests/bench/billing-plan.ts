import { sql } from 'drizzle-orm'
import { candidateQuery } from '#db/repositories/billing.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { planActions } from '#server/billing/plan-actions.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import type { App } from '#server/platform/app.ts'

const now = new Date('2026-11-23T03:00:00Z')

/** Fills an empty database with so many services, paid until some day of the next `days`: two weeks of them are in reach of the calendar. */
export async function seedServices(app: App, count: number, days = 70): Promise<void> {
  const run = (statement: ReturnType<typeof sql>) => app.core.database.executor.execute(statement)
  const uuid = (prefix: string, n: string) => sql.raw(`('${prefix}' || lpad(to_hex(${n}), 12, '0'))::uuid`)
  const at = now.toISOString()
  await run(sql`insert into users (id, email, name, password_hash, created_at) select ${uuid('01900000-0000-7000-8001-', 'n')}, 'c' || n || '@contoh.test', 'Klien ' || n, 'x', ${at}::timestamptz from generate_series(1, ${count / 10}::int) n`)
  await run(sql`insert into products (id, slug, kind, name, summary, description, spec, created_at, updated_at) values ('01900000-0000-7000-8002-000000000001', 'vps', 'vps', 'VPS', '{}', '{}', '{}', ${at}, ${at})`)
  await run(sql`insert into orders (id, number, client_id, status, placed_at, total) select ${uuid('01900000-0000-7000-8003-', 'n')}, 'ORD-' || n, ${uuid('01900000-0000-7000-8001-', '1 + n / 10 % (' + String(count / 10) + ')')}, 'fulfilled', ${at}::timestamptz, 0 from generate_series(1, ${count}::int) n`)
  await run(sql`insert into services (id, order_id, client_id, product_id, product_name, spec, hostname, cycle, price, status, anchor_day, created_at) select ${uuid('01900000-0000-7000-8004-', 'n')}, ${uuid('01900000-0000-7000-8003-', 'n')}, ${uuid('01900000-0000-7000-8001-', '1 + n / 10 % (' + String(count / 10) + ')')}, '01900000-0000-7000-8002-000000000001', 'VPS', '{}', 'h' || n, 'monthly', 100000, 'active', 1, ${at}::timestamptz from generate_series(1, ${count}::int) n`)
  await run(sql`insert into paid_periods (service_id, period_start, period_end, amount, at) select ${uuid('01900000-0000-7000-8004-', 'n')}, ${at}::timestamptz - interval '20 days', ${at}::timestamptz + (n % ${days}::int) * interval '1 day', 100000, ${at}::timestamptz from generate_series(1, ${count}::int) n`)
  await run(sql`analyze`)
}

export interface PlanFigures { readonly sqlMilliseconds: number, readonly planMilliseconds: number, readonly actions: number }

/** Times the plain statement that selects the candidates, and the whole plan over the same rows. */
export async function timePlan(app: App): Promise<PlanFigures> {
  const calendar = businessCalendar('Asia/Jakarta')
  const rules = { policy: defaultPolicy, calendar }
  const where = sql`(p.paid_until <= ${calendar.shiftDays(now, 14).toISOString()} or i.due_at <= ${calendar.shiftDays(now, 7).toISOString()})`
  const started = performance.now()
  await app.core.database.executor.execute(candidateQuery(where, 1_000_000))
  const between = performance.now()
  let actions = 0
  for await (const action of planActions(app.core.read, rules, now)) if (action.key) actions += 1
  return { sqlMilliseconds: between - started, planMilliseconds: performance.now() - between, actions }
}

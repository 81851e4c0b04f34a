import { sql } from 'drizzle-orm'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import { tester } from '../support/billing.ts'
import { clientActor } from '../support/payments.ts'
import { shopWorld } from '../support/shop.ts'
import { cycles } from './market.ts'
import { unlessRefused } from './life.ts'
import type { Life } from './life.ts'

interface Living { id: string, client_id: string, cycle: BillingCycle, leaves: boolean }

/** Clients who leave, at the end of what is paid or at once, some of whom think better of it; clients who want more, less or another cycle. */
export async function changesOfMind(life: Life): Promise<void> {
  const { house, dice, seldom } = life
  const living = await house.world().rows<Living>(sql`select id, client_id, cycle, cancel_at_period_end as leaves from services where status in ('active', 'past_due') order by id limit 50000`)
  for (const service of living) {
    if (service.leaves && dice.chance(0.02)) await cancel(life, service, false)
    else if (!service.leaves && service.cycle !== 'one_time' && seldom(0.002)) await cancel(life, service, true)
    else if (seldom(0.0003)) await endNow(life, service)
    else if (seldom(0.01)) await change(life, service)
  }
}

async function cancel({ house, tally }: Life, { id, client_id: clientId }: Living, leaves: boolean) {
  const { core, billing } = house.app()
  await core.transact(stores => billing.scheduleCancellation(stores, { serviceId: id, clientId, cancel: leaves, actor: tester }))
  tally[leaves ? 'cancelled' : 'kept']++
}

async function endNow({ house, tally }: Life, { id, client_id: clientId }: Living) {
  const { core, billing } = house.app()
  await core.transact(stores => billing.cancelNow(stores, { serviceId: id, clientId, actor: clientActor(clientId) }))
  tally.endedNow++
}

/** Why a change may be refused that somebody asked for by chance. */
const refusals = /^(paid_once|no_change|disk_smaller|not_an_upgrade|out_of_stock|renewal_open|change_open|service_not_ready|service_cancelled|service_suspended|product_elsewhere|cycle_at_renewal)$/

async function change({ house, dice, tally, market }: Life, { id: serviceId, client_id: clientId, cycle }: Living) {
  const app = house.app()
  const [timing, productId] = [dice.pick(['now', 'renewal'] as const), dice.pick(market.products)]
  const asked = await unlessRefused(shopWorld(app).ordering.requestChange({ serviceId, clientId, productId, cycle: timing === 'now' ? cycle : dice.pick(cycles), timing, actor: clientActor(clientId) }), refusals)
  if (!asked) return
  tally[timing === 'now' ? 'upgrades' : 'changesAtRenewal']++
  if (!dice.chance(0.1)) return
  const [open] = await house.world().rows<{ id: string }>(sql`select id from service_changes where service_id = ${serviceId} and status = 'waiting'`)
  // Paid from credit at once, it is closed already.
  if (open && await unlessRefused(app.billing.cancelChange({ serviceId, changeId: open.id, clientId, actor: clientActor(clientId) }), /^change_closed$/)) tally.changesTakenBack++
}

import { day, hour, tester } from '../support/billing.ts'
import { dice } from './dice.ts'
import { openHouse } from './house.ts'
import type { House } from './house.ts'
import { brokenPromises, gatewayTotals } from './invariants.ts'
import { businessHours, noTally, takeBack, trouble } from './life.ts'
import type { Life, Tally } from './life.ts'

export interface Business { readonly kind: 'embedded' | 'postgres', readonly seed: number, readonly clients: number, readonly days: number, /** Told every so many days how far it is. */ readonly onProgress?: (day: number, tally: Tally) => void }
export interface Outcome { readonly broken: string[], readonly totals: { gateway: bigint, ledger: bigint }, readonly tally: Tally }

/**
 * Lives through some years of a hosting company: clients order, pay, pay late, pay twice or not at all; the gateway loses, doubles and
 * reorders its notifications, refuses and forgets to answer; the program is down for days and is started again. Then peace, until
 * everything has been read back, and the question which promise is broken. The same seed lives the same life.
 */
export async function simulate({ kind, seed, clients, days, onProgress }: Business): Promise<Outcome> {
  const chance = dice(seed)
  const house = await openHouse(kind, '2026-01-05T02:00:00Z')
  try {
    const life: Life = { house, dice: chance, tally: noTally(), clients: [] }
    for (let i = 0; i < clients; i++) life.clients.push({ id: await house.world().client(`Klien ${i + 1}`), temper: chance.pick(['punctual', 'punctual', 'punctual', 'slow', 'slow', 'careless']) })
    for (let today = 0; today < days;) {
      trouble(life)
      await businessHours(life)
      await deliver(house)
      if (chance.chance(0.03)) {
        await house.restart()
        life.tally.restarts++
      }
      await backOffice(life)
      const away = chance.chance(0.04) ? chance.between(2, 3) : 1
      if (away > 1) life.tally.downtimes++
      house.clock.advance(away * day)
      today += away
      onProgress?.(today, life.tally)
    }
    await peace(house)
    return { broken: await brokenPromises(house), totals: await gatewayTotals(house), tally: life.tally }
  } finally {
    await house.close()
  }
}

/** Lets notifications and their repetitions arrive; what is still under way then comes late. */
async function deliver(house: House): Promise<void> {
  for (let i = 0; i < 8; i++) {
    house.clock.advance(3_000)
    if (await house.midtrans.notifications.idle(100).then(() => true, () => false)) return
  }
}

/** What the clock starts: the inbox, the look for what was lost, the calendar; a person lets it go on when a brake stopped it. */
async function backOffice(life: Life): Promise<void> {
  const { house, tally } = life
  house.clock.advance(hour / 6)
  await house.app().payments.requestReconcile('simulation')
  await house.work()
  takeBack(life)
  house.clock.advance(hour / 6)
  await house.app().payments.requestReconcile('simulation')
  await house.work()
  const run = await house.app().billing.runBilling({ actor: tester, confirmBrake: false })
  if (run.status === 'stopped_by_brake') {
    tally.brakes++
    await house.app().billing.runBilling({ actor: tester, confirmBrake: true })
  }
  await house.work()
  await compare(house)
}

/** As every night: a settlement that was taken back without a word reaching us is found by the comparison alone. */
async function compare(house: House): Promise<void> {
  await house.app().payments.requestComparison('simulation')
  await house.work()
}

/** Long enough for each state to be read back: closed attempts are asked for every six hours over four days. */
async function peace(house: House): Promise<void> {
  house.midtrans.faults.clear()
  for (let i = 0; i < 20; i++) {
    house.clock.advance(7 * hour)
    await house.app().payments.requestReconcile('simulation')
    await house.work()
    await deliver(house)
  }
  await compare(house)
}

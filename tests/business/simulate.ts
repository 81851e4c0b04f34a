import { day, hour, tester } from '../support/billing.ts'
import { shopWorld } from '../support/shop.ts'
import { dice } from './dice.ts'
import { openHouse } from './house.ts'
import type { House } from './house.ts'
import { brokenLimits, brokenPromises, gatewayTotals } from './invariants.ts'
import { businessHours, noTally, takeBack, trouble } from './life.ts'
import type { Life, Tally } from './life.ts'
import { openMarket } from './market.ts'
import { elsewhere, financeHours } from './money-back.ts'
import { readPaper } from './paper.ts'
import { changesOfMind } from './plans.ts'

/** Nobody asks for a payment any more that was begun so long ago. */
const archiveDays = 60

export interface Business {
  readonly kind: 'embedded' | 'postgres', readonly seed: number, readonly clients: number, readonly days: number
  /** Jobs worked on at once; with one (the default) the same seed lives the same life. */
  readonly lanes?: number
  /** Told each day how far it is; answering false ends the life here, in peace. */
  readonly onProgress?: (day: number, tally: Tally) => boolean | undefined
  /** Looks at the house once more before it is gone. */
  readonly afterwards?: (life: Life) => Promise<void>
}
export interface Outcome { readonly broken: string[], readonly totals: { gateway: bigint, ledger: bigint }, readonly tally: Tally, readonly days: number }

/**
 * Lives through some years of a hosting company: clients order with codes, pay, pay late, pay twice or not at all, change their plans and
 * leave; money goes back in every way that it can; the gateway loses, doubles and reorders its notifications, refuses and forgets to answer;
 * the mail server is away for hours; documents cannot be drawn; the program is down for days and is started again. Then peace, until
 * everything has been read back, and the question which promise is broken. The same seed lives the same life.
 */
export async function simulate({ kind, seed, clients, days, lanes = 1, onProgress, afterwards }: Business): Promise<Outcome> {
  const chance = dice(seed)
  const house = await openHouse(kind, '2026-01-05T02:00:00Z', lanes)
  try {
    const eagerness = Math.max(1, Math.min(12, 150 / clients))
    const life: Life = { seldom: probability => chance.chance(Math.min(0.5, probability * eagerness)), house, dice: chance, tally: noTally(), market: await openMarket(house.app(), clients), clients: new Map(), won: 0n }
    for (let i = 0; i < clients; i++) life.clients.set(await shopWorld(house.app()).buyer(), chance.pick(['punctual', 'punctual', 'punctual', 'slow', 'slow', 'careless']))
    const broken: string[] = []
    let today = 0
    while (today < days) {
      broken.push(...await liveOneDay(life))
      const away = chance.chance(0.04) ? chance.between(2, 3) : 1
      if (away > 1) life.tally.downtimes++
      house.clock.advance(away * day)
      today += away
      if (onProgress?.(today, life.tally) === false) break
    }
    await peace(house)
    const outcome = { broken: [...[...new Set(broken)].slice(0, 10), ...await brokenPromises(life)], totals: await gatewayTotals(life), tally: life.tally, days: today }
    await afterwards?.(life)
    return outcome
  } finally {
    await house.close()
  }
}

async function liveOneDay(life: Life): Promise<string[]> {
  const { house, dice: chance, tally } = life
  trouble(life)
  await businessHours(life)
  await changesOfMind(life)
  await financeHours(life)
  elsewhere(life)
  await deliver(house)
  if (chance.chance(0.03)) {
    await house.restart()
    tally.restarts++
  }
  await backOffice(life)
  house.archive.tidy(house.clock.now().getTime() - archiveDays * day)
  return [...await readPaper(life), ...await brokenLimits(house.world().rows)]
}

/** Lets notifications and their repetitions arrive; what is still under way then comes late. */
async function deliver(house: House): Promise<void> {
  for (let i = 0; i < 8; i++) {
    house.clock.advance(3_000)
    house.midtrans.notifications.pump()
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
  await house.post()
}

/** A settlement that was taken back without a word reaching us is found by the comparison alone. */
async function compare(house: House): Promise<void> {
  await house.app().payments.requestComparison('simulation')
  await house.work()
}

/** Long enough for each state to be read back: closed attempts are asked for every six hours over four days. */
async function peace(house: House): Promise<void> {
  house.midtrans.faults.clear()
  house.mailRoom.mode = 'takes'
  for (const { id, refunds } of house.midtrans.state.transactions) if (refunds.some(refund => refund.refund_method === 'refund' && !refund.bank_confirmed_at)) house.midtrans.act.confirm(id)
  for (let i = 0; i < 20; i++) {
    house.clock.advance(7 * hour)
    await house.app().payments.requestReconcile('simulation')
    await house.work()
    await deliver(house)
    await house.post()
  }
  await compare(house)
  await house.post()
}

import { sql } from 'drizzle-orm'
import { AppError } from '#shared/errors/codes.ts'
import { monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { App } from '#server/platform/app.ts'
import { shopWorld } from '../support/shop.ts'
import type { Dice } from './dice.ts'

export const cycles = ['monthly', 'monthly', 'monthly', 'quarterly', 'semiannually', 'annually'] as const satisfies readonly BillingCycle[]

/** Some want a machine for good, for one payment. */
const bought = [...cycles, 'one_time'] as const

/** What is for sale: five sizes, the rarest in a few pieces, and codes of every sort. */
export interface Market { readonly products: readonly [string, ...string[]], readonly codes: readonly [string, ...string[]], readonly connectionId: string, readonly templateId: string }

const sizes = [
  { name: 'VPS Nano', price: 50_000n, diskGiB: 20 }, { name: 'VPS Mini', price: 99_999n, diskGiB: 20, setup: 25_000n }, { name: 'VPS Plus', price: 125_000n, diskGiB: 40 },
  { name: 'VPS Pro', price: 333_333n, diskGiB: 80 }, { name: 'VPS Max', price: 1_000_000n, diskGiB: 160, rare: true },
]
const others = ['quarterly', 'semiannually', 'annually'] as const

export async function openMarket(app: App, clients: number): Promise<Market> {
  const shop = shopWorld(app)
  const place = await shop.connection(0)
  const products: string[] = []
  for (const { name, price, diskGiB, setup, rare } of sizes) {
    // A year costs ten months, a machine for good three years.
    const more = { ...Object.fromEntries(others.map(cycle => [cycle, price * BigInt(cycle === 'annually' ? 10 : monthsOfCycle[cycle])])), one_time: price * 30n }
    products.push(await shop.product(place, { name, price, more, ...(setup ? { setup } : {}), ...(rare ? { stockLimit: Math.ceil(clients / 8) } : {}), spec: { cpuCores: 1, ramMiB: 1024, diskGiB, rateMbps: 100 } }))
  }
  const few = Math.ceil(clients / 10)
  const promos = [
    {}, { value: 15n, periods: null, maxPerClient: null, maxRedemptions: few }, { kind: 'fixed' as const, value: 10_000n, periods: 3, maxPerClient: 2, combinable: true },
    { value: 100n, appliesTo: 'setup' as const, combinable: true, maxPerClient: null }, { kind: 'fixed' as const, value: 75_000n, newClientsOnly: true, maxRedemptions: few }, { value: 5n, appliesTo: 'both' as const, periods: null, combinable: true, maxPerClient: 3 },
  ]
  const codes: string[] = []
  for (const promo of promos) codes.push((await shop.promo(promo)).code)
  await giveAddresses(app, place.poolId, clients * 24)
  const [product, code] = [products[0], codes[0]]
  if (!product || !code) throw new Error('an empty market')
  return { products: [product, ...products.slice(1)], codes: [code, ...codes.slice(1)], connectionId: place.connectionId, templateId: place.templateId }
}

const giveAddresses = (app: App, poolId: string, count: number) => app.core.database.executor.execute(sql`
  insert into addresses (id, pool_id, address, status, changed_at) select gen_random_uuid(), ${poolId}::uuid, ('10.64.0.0'::inet + n), 'free', now() from generate_series(1, ${Math.min(count, 500_000)}::int) n`)

/** What a buyer may be told: sold out, a code that is not for him. */
const refusals = /^(promo_|out_of_stock$)/
export interface Placed { readonly orders: number, readonly coded: number, readonly turnedAway: number }

/** A client orders one product or two, often with codes; refused for a code, he orders without; given one, he tries it once more at once. */
export async function placeOrder(app: App, market: Market, dice: Dice, { clientId, nth }: { readonly clientId: string, /** Of how many clients before. */ readonly nth: number }): Promise<Placed> {
  const { ordering } = shopWorld(app)
  const items = () => Array.from({ length: dice.chance(0.2) ? 2 : 1 }, () => ({ productId: dice.pick(market.products), cycle: dice.pick(bought), hostname: `s${dice.between(0, 999_999_999)}-${app.core.newId().slice(-8)}.contoh.id`, templateId: market.templateId, sshKey: null }))
  // Each knows one code, so that limits are met: once per client, few in all, for some periods.
  const known = market.codes[nth % 3] ?? market.codes[0]
  const promoCodes = dice.chance(0.5) ? [dice.chance(0.7) ? known : dice.pick(market.codes), ...(dice.chance(0.2) ? [dice.pick(market.codes)] : [])] : []
  const ask = (codes: string[]) => ordering.placeOrder({ clientId, items: items(), promoCodes: codes, cartToken: null }).then(() => true, (error: unknown) => {
    if (error instanceof AppError && refusals.test(error.code)) return false
    throw error
  })
  if (promoCodes.length > 0 && await ask(promoCodes)) {
    const again = dice.chance(0.3) && await ask(promoCodes)
    return { orders: again ? 2 : 1, coded: again ? 2 : 1, turnedAway: 0 }
  }
  return await ask([]) ? { orders: 1, coded: 0, turnedAway: 0 } : { orders: 0, coded: 0, turnedAway: 1 }
}

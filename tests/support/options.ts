import { productOptionChoices, productOptionPrices, productOptions } from '#db/schema/index.ts'
import type { App } from '#server/platform/app.ts'
import { uuidv7 } from '#server/platform/ids.ts'

const both = (text: string) => ({ id: text, en: text })

/** Options of a product of the tests: extra disk by tens (Rp 1.000 a GiB), managed support (Rp 50.000, set-up Rp 10.000), bandwidth (100 Mbps more for Rp 25.000). */
export async function sellOptions(app: App, productId: string, cycle: 'monthly' | 'annually' = 'monthly') {
  const db = app.core.database.executor
  const at = app.core.clock.now()
  const [disk, support, bandwidth, base, fast] = [uuidv7(), uuidv7(), uuidv7(), uuidv7(), uuidv7()]
  await db.insert(productOptions).values([
    { id: disk, productId, key: 'extra-disk', kind: 'number', label: both('Disk tambahan'), min: 0, max: 100, step: 10, effect: 'disk_gib', effectAmount: 1, position: 10, createdAt: at },
    { id: support, productId, key: 'support', kind: 'toggle', label: both('Dukungan terkelola'), position: 20, createdAt: at },
    { id: bandwidth, productId, key: 'bandwidth', kind: 'choice', label: both('Kecepatan'), effect: 'rate_mbps', position: 30, createdAt: at },
  ])
  await db.insert(productOptionChoices).values([{ id: base, optionId: bandwidth, key: 'base', label: both('100 Mbps'), effectAmount: 0, position: 10 }, { id: fast, optionId: bandwidth, key: 'fast', label: both('200 Mbps'), effectAmount: 100, position: 20 }])
  const price = (optionId: string, choiceId: string | null, amount: bigint, setup = 0n) => ({ id: uuidv7(), optionId, choiceId, cycle, price: amount, setup, effectiveFrom: at, createdAt: at })
  await db.insert(productOptionPrices).values([price(disk, null, 1_000n), price(support, null, 50_000n, 10_000n), price(bandwidth, base, 0n), price(bandwidth, fast, 25_000n)])
  return { disk, support, bandwidth, base, fast }
}
export type SoldOptions = Awaited<ReturnType<typeof sellOptions>>

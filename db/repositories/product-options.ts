import { and, asc, desc, inArray, lte, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { OptionPrice, OptionRecord, OptionStore } from '#server/catalog/ports.ts'
import type { Executor } from '../client.ts'
import { productOptionChoices, productOptionPrices, productOptions } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

/** The options of products with the prices in force at a moment: four queries, however many products. */
export async function loadOptions(db: Executor, productIds: readonly string[], at: Date): Promise<Map<string, OptionRecord[]>> {
  if (productIds.length === 0) return new Map()
  const rows = await db.select().from(productOptions).where(inArray(productOptions.productId, [...productIds])).orderBy(asc(productOptions.position), asc(productOptions.key))
  if (rows.length === 0) return new Map()
  const ids = rows.map(row => row.id)
  const choices = await db.select().from(productOptionChoices).where(inArray(productOptionChoices.optionId, ids)).orderBy(asc(productOptionChoices.position), asc(productOptionChoices.key))
  const prices = await db.selectDistinctOn([productOptionPrices.optionId, productOptionPrices.choiceId, productOptionPrices.cycle]).from(productOptionPrices).where(and(inArray(productOptionPrices.optionId, ids), lte(productOptionPrices.effectiveFrom, at)))
    .orderBy(productOptionPrices.optionId, productOptionPrices.choiceId, productOptionPrices.cycle, desc(productOptionPrices.effectiveFrom), desc(productOptionPrices.id))
  const pricesOf = (optionId: string, choiceId: string | null) => prices.filter(price => price.optionId === optionId && price.choiceId === choiceId).map(({ cycle, price, setup, currency }): OptionPrice => ({ cycle, price: money(price, currency), setup: money(setup, currency) }))
  const record = ({ productId: _, createdAt: __, ...row }: (typeof rows)[number]): OptionRecord => ({ ...row, prices: pricesOf(row.id, null), choices: choices.filter(choice => choice.optionId === row.id).map(({ optionId: ___, ...choice }) => ({ ...choice, prices: pricesOf(row.id, choice.id) })) })
  return new Map([...Map.groupBy(rows, row => row.productId)].map(([productId, own]) => [productId, own.map(record)]))
}

export const optionStores = (db: Executor, context: StoreContext) => ({
  options: {
    of: (productIds, at) => loadOptions(db, productIds, at),
    async save(productId, optionId, { choices, ...fields }, at) {
      const { key: _, kind: __, ...change } = fields
      await db.insert(productOptions).values({ id: optionId, productId, ...fields, createdAt: at }).onConflictDoUpdate({ target: productOptions.id, set: change })
      if (choices.length === 0) return
      await db.insert(productOptionChoices).values(choices.map(({ key, label, effectAmount, position, active }) => ({ id: context.newId(), optionId, key, label, effectAmount, position, active })))
        .onConflictDoUpdate({ target: [productOptionChoices.optionId, productOptionChoices.key], set: { label: sql`excluded.label`, effectAmount: sql`excluded.effect_amount`, position: sql`excluded.position`, active: sql`excluded.active` } })
    },
    async copy({ from, to, at, createdBy }) {
      const offered = ((await loadOptions(db, [from], at)).get(from) ?? []).filter(option => option.active)
      if (offered.length === 0) return
      const copies = offered.map(({ prices, choices, ...fields }) => ({ prices, fields: { ...fields, id: context.newId() }, choices: choices.filter(choice => choice.active).map(choice => ({ ...choice, id: context.newId() })) }))
      await db.insert(productOptions).values(copies.map(({ fields }) => ({ ...fields, productId: to, createdAt: at })))
      const choices = copies.flatMap(({ fields, choices: own }) => own.map(({ prices: _, ...choice }) => ({ ...choice, optionId: fields.id })))
      if (choices.length > 0) await db.insert(productOptionChoices).values(choices)
      const row = (optionId: string, choiceId: string | null) => ({ cycle, price, setup }: OptionPrice) => ({ id: context.newId(), optionId, choiceId, cycle, price: price.amount, setup: setup.amount, currency: price.currency, effectiveFrom: at, createdAt: at, createdBy })
      const prices = copies.flatMap(({ fields, prices: perUnit, choices: own }) => [...perUnit.map(row(fields.id, null)), ...own.flatMap(choice => choice.prices.map(row(fields.id, choice.id)))])
      if (prices.length > 0) await db.insert(productOptionPrices).values(prices)
    },
    async addPrice({ at, price, setup, ...row }) {
      await db.insert(productOptionPrices).values({ ...row, price: price.amount, setup: setup.amount, currency: price.currency, createdAt: at })
    },
  } satisfies OptionStore,
})

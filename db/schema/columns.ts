import { sql } from 'drizzle-orm'
import { bigint, char, check, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { currencies } from '#shared/money/money.ts'
import type { Currency } from '#shared/money/money.ts'

/** Columns that many tables share. Ids are UUIDv7 made by the application: PostgreSQL 15 has none of its own. */
export const id = () => uuid().primaryKey()
export const instant = () => timestamp({ withTimezone: true, mode: 'date', precision: 3 })
export const amount = () => bigint({ mode: 'bigint' })
export const currency = () => char({ length: 3 }).$type<Currency>().notNull().default('IDR')
export const word = <T extends string>() => text().$type<T>()

/** `status in ('a','b')` as a CHECK: the database refuses what the vocabulary does not know. */
export const oneOf = (column: AnyPgColumn, words: readonly string[]) => sql`${column} in (${sql.raw(words.map(w => `'${w}'`).join(', '))})`

/** The currency of a row is one that Gardu books: an amount never stands beside another. Named `<table>_currency`. */
export const knownCurrency = (table: string, column: AnyPgColumn) => check(`${table}_currency`, oneOf(column, currencies))

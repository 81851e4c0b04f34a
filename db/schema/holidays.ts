import { date, pgTable, text } from 'drizzle-orm/pg-core'

/** Days on which nobody is written to about money. The fixed ones are seeded, the moving ones are entered as the government announces them. */
export const holidays = pgTable('holidays', { day: date().primaryKey(), name: text().notNull() })

import { index, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import { instant } from './columns.ts'

export interface StoredCartItem { productId: string, cycle: BillingCycle, hostname: string | null, templateId: string | null, sshKey: string | null, trial?: boolean, options?: { optionId: string, quantity?: number | undefined, choiceId?: string | undefined }[] | undefined }

/** Kept for the random id in the buyer's cookie; lapses after thirty days. Only wishes, never prices. */
export const carts = pgTable('carts', {
  idHash: text().primaryKey(), items: jsonb().$type<StoredCartItem[]>().notNull(), promoCodes: jsonb().$type<string[]>().notNull().default([]), updatedAt: instant().notNull(),
}, t => [index('carts_updated').on(t.updatedAt)])

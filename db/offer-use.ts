import { and, not, sql } from 'drizzle-orm'
import type { AnyColumn, SQL } from 'drizzle-orm'
import type { OfferFilter, ProductUse } from '#server/infrastructure/panel-ports.ts'

/** The products of each offer (template, package), in the order of the rows. */
export function byOffer(rows: readonly (ProductUse & { readonly offerId: string })[]): Map<string, ProductUse[]> {
  const grouped = new Map<string, ProductUse[]>()
  for (const { offerId, id, name } of rows) grouped.set(offerId, [...grouped.get(offerId) ?? [], { id, name }])
  return grouped
}

/** What of a list of offers is asked for; `used`: whether products are made from the row. */
export const offerState = (state: OfferFilter['state'], present: AnyColumn, used: SQL): SQL | undefined =>
  state === undefined ? undefined : state === 'present' ? sql`${present}` : state === 'vanished' ? not(sql`${present}`) : and(not(sql`${present}`), used)

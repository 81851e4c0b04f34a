import type { z } from 'zod'
import type { changeView } from '#shared/contracts/portal.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { ServiceChange, ServiceTerms } from './change-ports.ts'
import { toSoldOptionView } from '#shared/options/option-views.ts'
import { isCancellable } from './close-change.ts'

export type ChangeView = z.input<typeof changeView>
/** For so long a page says that an upgrade lapsed. */
export const lapsedShownDays = 14

export const toTermsView = ({ productId, productName, spec, cycle, price, options }: ServiceTerms) => ({ productId, productName, spec: { ...spec }, cycle, price: toMoneyJson(price), options: options.map(toSoldOptionView) })

export function toChangeView(change: ServiceChange): ChangeView
export function toChangeView(change: ServiceChange | undefined): ChangeView | null
export function toChangeView(change: ServiceChange | undefined): ChangeView | null {
  if (!change) return null
  const iso = (at: Date | null) => at?.toISOString() ?? null
  return {
    id: change.id, timing: change.timing, status: change.status, from: toTermsView(change.from), to: toTermsView(change.to), invoiceId: change.invoiceId,
    createdAt: change.createdAt.toISOString(), expiresAt: iso(change.expiresAt), startsAt: iso(change.startsAt), closedReason: change.closedReason, cancellable: isCancellable(change),
  }
}

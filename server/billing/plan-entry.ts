import { isZero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingActionKind } from '#shared/vocabulary/billing.ts'
import { upcomingInvoice } from './foresight.ts'
import type { Foreseen } from './foresight.ts'
import type { Reason } from './service-plan.ts'

/** A planned act as one plan is held against another. */
export interface PlanEntry {
  readonly serviceId: string, readonly kind: BillingActionKind
  /** Tells apart acts of one kind of a service; the same act has the same mark in every plan, also once its invoice is written. */
  readonly mark: string
  readonly invoiceId: string | null
  /** The period of the renewal, or of the invoice that is not written yet. */
  readonly periodStart: Date | null
  readonly amount: Money | null, readonly dueSince: Date
  /** When a run would find it to be done. */
  readonly plannedAt: Date
  readonly held: boolean
  /** Why it is planned; what was kept of an earlier plan has none. */
  readonly reason?: Reason
}

/** Stands in a mark for an invoice that the renewal of a period will make. */
const ofPeriod = (start: Date) => `@${start.toISOString()}`

/** What was foreseen for one service, as entries. An invoice that does not exist yet is named by its period: of these a look ahead knows one. */
export function toPlanEntries(foreseen: readonly Foreseen[]): PlanEntry[] {
  const upcoming = foreseen.findLast(({ action }) => action.kind === 'issue_renewal_invoice' && action.amount && !isZero(action.amount))?.action.reason.at ?? null
  return foreseen.map(({ action: { key, kind, serviceId, invoiceId, amount, dueSince, held, reason }, at }) => {
    const discriminator = key.slice(kind.length + serviceId.length + 2)
    const period = invoiceId === upcomingInvoice ? upcoming : null
    return {
      serviceId, kind, amount, dueSince, plannedAt: at, held, reason, invoiceId: invoiceId === upcomingInvoice ? null : invoiceId,
      mark: period ? discriminator.replace(upcomingInvoice, ofPeriod(period)) : discriminator, periodStart: kind === 'issue_renewal_invoice' ? reason.at : period,
    }
  })
}

/** The entry with the invoice that its period has got since. */
export const withInvoice = (entry: PlanEntry, invoiceId: string): PlanEntry =>
  entry.kind === 'issue_renewal_invoice' || !entry.periodStart ? entry : { ...entry, invoiceId, mark: entry.mark.replace(ofPeriod(entry.periodStart), invoiceId) }

/** The step of a notice: what its mark says behind the invoice. */
export const stepOf = ({ kind, mark }: Pick<PlanEntry, 'kind' | 'mark'>, final: string): string => kind === 'send_final_notice' ? final : mark.slice(mark.lastIndexOf(':') + 1)

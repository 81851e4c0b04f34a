import type { z } from 'zod'
import type { changeOptionsView } from '#shared/contracts/changes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { compare, toMoneyJson } from '#shared/money/money.ts'
import type { BillingCycle, ChangeTiming } from '#shared/vocabulary/billing.ts'
import type { ChangeQuote, ChangeSubject, ServiceTerms } from '../billing/ports.ts'
import type { Offer } from '../catalog/ports.ts'

export type ChangeOptionsView = z.input<typeof changeOptionsView>

/** What a service becomes: the product as it is sold now. Only another cycle: the product stays as it was sold. */
export function termsOf(subject: Pick<ChangeSubject, 'terms'>, offer: Offer, cycle: BillingCycle): ServiceTerms | null {
  const price = offer.prices.find(candidate => candidate.cycle === cycle)?.price
  if (!price) return null
  const { terms } = subject
  return offer.productId === terms.productId ? { ...terms, cycle, price } : { productId: offer.productId, productName: offer.name, spec: offer.spec, cycle, price }
}

type Judged = Pick<ChangeSubject, 'terms' | 'kind' | 'machine' | 'owed' | 'renewalInvoiceId'> & Partial<Pick<ChangeSubject, 'endsAt'>>

/**
 * Why a service cannot be changed to a product in a cycle; null: it can. Pure: the page shows it, the act asks it again under locks. A disk
 * never shrinks. At once: the same cycle, and no lower price; everything else begins with a renewal.
 */
export function judgeChange(subject: Judged, offer: Offer, cycle: BillingCycle, timing: ChangeTiming): ErrorCode | null {
  const to = termsOf(subject, offer, cycle)
  if (!to || offer.kind !== subject.kind) return 'product_unavailable'
  return judgePlace(subject, offer, to) ?? judgeTime(subject, to, timing)
}

/** Whether the machine can become that, where it stands. */
function judgePlace({ terms, machine }: Judged, offer: Offer, to: ServiceTerms): ErrorCode | null {
  const other = to.productId !== terms.productId
  if (!other && to.cycle === terms.cycle) return 'no_change'
  if (!machine || (other && !offer.connectionIds.includes(machine.connectionId))) return 'product_elsewhere'
  if (to.spec.diskGiB < terms.spec.diskGiB) return 'disk_smaller'
  return other && offer.stockLimit !== null && offer.unitsHeld >= offer.stockLimit ? 'out_of_stock' : null
}

/** Whether it can begin then. A renewal invoice that nobody has begun to pay may still be written anew; for a change at once it is paid first. */
function judgeTime({ terms, owed, renewalInvoiceId, endsAt }: Judged, to: ServiceTerms, timing: ChangeTiming): ErrorCode | null {
  if (owed > (timing === 'renewal' && renewalInvoiceId !== null ? 1 : 0)) return 'renewal_open'
  if (endsAt && to.cycle !== terms.cycle) return 'term_fixed'
  if (timing === 'renewal') return null
  if (to.cycle !== terms.cycle) return 'cycle_at_renewal'
  return compare(to.price, terms.price) < 0 ? 'not_an_upgrade' : null
}

/** What a change costs now, for people. */
export const toCostView = ({ charges, credit, charge, net, figures }: ChangeQuote) => ({
  periods: charges.map(({ periodStart, periodEnd, days, wholeDays, ...part }) => ({ from: periodStart.toISOString(), to: periodEnd.toISOString(), days, wholeDays, credit: toMoneyJson(part.credit), charge: toMoneyJson(part.charge), net: toMoneyJson(part.net) })),
  credit: toMoneyJson(credit), charge: toMoneyJson(charge), net: toMoneyJson(net), tax: toMoneyJson(figures.tax), total: toMoneyJson(figures.total),
})

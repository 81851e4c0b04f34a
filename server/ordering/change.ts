import type { z } from 'zod'
import type { changeOptionsView } from '#shared/contracts/changes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { compare, toMoneyJson } from '#shared/money/money.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { BillingCycle, ChangeTiming } from '#shared/vocabulary/billing.ts'
import type { ChangeQuote, ChangeSubject, ServiceTerms } from '../billing/ports.ts'
import { totalOfTerms, withOptions, withoutOptions } from '#shared/options/sold-options.ts'
import type { SoldOption } from '#shared/options/sold-options.ts'
import { carryOptions, rechooseOptions } from './choose-options.ts'
import type { OptionWish } from './choose-options.ts'
import type { Offer } from '../catalog/ports.ts'

export type ChangeOptionsView = z.input<typeof changeOptionsView>

/**
 * What a service becomes: the product as it is sold now, with the options that it has, too (by key), at its prices. Only another cycle: the
 * product stays as it was sold. `lost` are the options that fall away.
 */
export function termsOf({ terms }: Pick<ChangeSubject, 'terms'>, offer: Offer, cycle: BillingCycle): { readonly to: ServiceTerms, readonly lost: readonly SoldOption[] } | null {
  const price = offer.prices.find(candidate => candidate.cycle === cycle)?.price
  if (!price) return null
  const same = offer.productId === terms.productId
  if (same && cycle === terms.cycle) return { to: { ...terms, price }, lost: [] }
  const { options, lost } = carryOptions(offer.options, cycle, terms.options)
  const alone = same ? withoutOptions(terms.spec, terms.options) : offer.spec
  return { to: { productId: offer.productId, productName: same ? terms.productName : offer.name, spec: withOptions(alone, options), cycle, price, options }, lost }
}

/** What a service becomes by other options: product, its price and the machine's own size stay as they were sold. @throws AppError option_unavailable, option_invalid */
export function termsWith({ terms }: Pick<ChangeSubject, 'terms'>, offer: Pick<Offer, 'options'>, wishes: readonly OptionWish[]): ServiceTerms {
  const options = rechooseOptions(offer.options, terms.cycle, terms.options, wishes)
  return { ...terms, options, spec: withOptions(withoutOptions(terms.spec, terms.options), options) }
}

type Judged = Pick<ChangeSubject, 'terms' | 'kind' | 'machine' | 'owed' | 'renewalInvoiceId'> & Partial<Pick<ChangeSubject, 'endsAt'>>

/**
 * Why a service cannot be changed to a product in a cycle; null: it can. Pure: the page shows it, the act asks it again under locks. A disk
 * never shrinks. At once: the same cycle, and no lower price; everything else begins with a renewal.
 */
export function judgeChange(subject: Judged, offer: Offer, cycle: BillingCycle, timing: ChangeTiming): ErrorCode | null {
  const to = termsOf(subject, offer, cycle)?.to
  if (!to || !isRecurring(cycle) || offer.kind !== subject.kind) return 'product_unavailable'
  return judgePlace(subject, offer, to) ?? judgeTime(subject, to, timing)
}

/** Why a service's options cannot be changed so; by the rules of every change. */
export function judgeOptions(subject: Judged, to: ServiceTerms, timing: ChangeTiming): ErrorCode | null {
  if (sameOptions(subject.terms.options, to.options)) return 'no_change'
  if (!subject.machine) return 'service_not_ready'
  if (to.spec.diskGiB < subject.terms.spec.diskGiB) return 'disk_smaller'
  return judgeTime(subject, to, timing)
}
const sameOptions = (a: readonly SoldOption[], b: readonly SoldOption[]) => a.length === b.length && a.every(option => b.some(other => other.optionId === option.optionId && other.quantity === option.quantity && other.choiceId === option.choiceId))

/** Whether the machine can become that, where it stands. */
function judgePlace({ terms, machine }: Judged, offer: Offer, to: ServiceTerms): ErrorCode | null {
  const other = to.productId !== terms.productId
  if (!other && to.cycle === terms.cycle) return 'no_change'
  const elsewhere = !machine ? 'product_elsewhere' : other ? judgeMachine(machine, offer) : null
  if (elsewhere) return elsewhere
  if (offer.kind !== 'hosting' && to.spec.diskGiB < terms.spec.diskGiB) return 'disk_smaller'
  return other && offer.stockLimit !== null && offer.unitsHeld >= offer.stockLimit ? 'out_of_stock' : null
}

/** Whether a product is offered there, for what the machine was made as: no change of plan turns a virtual machine into a container, or back. */
function judgeMachine({ connectionId, type = 'vm' }: NonNullable<Judged['machine']>, offer: Offer): ErrorCode | null {
  if (!offer.connectionIds.includes(connectionId)) return 'product_elsewhere'
  if (offer.kind === 'vps' && !offer.templates.some(({ machineType }) => machineType === type)) return 'product_of_other_machines'
  return offer.kind === 'hosting' && !offer.packages.some(each => each.connectionId === connectionId) ? 'product_elsewhere' : null
}

/** Whether it can begin then. A renewal invoice that nobody has begun to pay may still be written anew; for a change at once it is paid first. */
function judgeTime({ terms, owed, renewalInvoiceId, endsAt }: Judged, to: ServiceTerms, timing: ChangeTiming): ErrorCode | null {
  if (owed > (timing === 'renewal' && renewalInvoiceId !== null ? 1 : 0)) return 'renewal_open'
  if (endsAt && to.cycle !== terms.cycle) return 'term_fixed'
  if (timing === 'renewal') return null
  if (to.cycle !== terms.cycle) return 'cycle_at_renewal'
  return compare(totalOfTerms(to), totalOfTerms(terms)) < 0 ? 'not_an_upgrade' : null
}

/** What a change costs now, for people. */
export const toCostView = ({ charges, credit, charge, setup, net, figures }: ChangeQuote) => ({
  periods: charges.map(({ periodStart, periodEnd, days, wholeDays, ...part }) => ({ from: periodStart.toISOString(), to: periodEnd.toISOString(), days, wholeDays, credit: toMoneyJson(part.credit), charge: toMoneyJson(part.charge), net: toMoneyJson(part.net) })),
  credit: toMoneyJson(credit), charge: toMoneyJson(charge), setup: toMoneyJson(setup), net: toMoneyJson(net), tax: toMoneyJson(figures.tax), total: toMoneyJson(figures.total),
})

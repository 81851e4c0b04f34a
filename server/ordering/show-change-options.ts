import { AppError } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { ChangeSubject, ComputeTax, FindChangeSubject, QuoteChange } from '../billing/ports.ts'
import { toSoldOptionView } from '#shared/options/option-views.ts'
import { totalOfTerms } from '#shared/options/sold-options.ts'
import type { Offer, OfferStore } from '../catalog/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import { judgeChange, termsOf, toCostView } from './change.ts'
import type { ChangeOptionsView } from './change.ts'
import type { ChangeViews } from './request-change.ts'

interface Deps extends ChangeViews { readonly offers: OfferStore, readonly clock: Clock, readonly computeTax: ComputeTax, readonly findChangeSubject: FindChangeSubject, readonly quoteChange: QuoteChange }

/**
 * To what a service can be changed: every product on sale of its kind, in every cycle that renews, with what it costs now and with each renewal, and
 * where it cannot be chosen, why. @throws AppError not_found (foreign, too)
 */
export const showChangeOptions = (deps: Deps) => async ({ serviceId, clientId }: { readonly serviceId: string, readonly clientId: string | null }): Promise<ChangeOptionsView> => {
  const subject = await deps.findChangeSubject(null, { serviceId, clientId, lock: false })
  if (!subject) throw new AppError('not_found')
  const at = deps.clock.now()
  const offers = await deps.offers.list({ at, kind: subject.kind as ProductKind })
  return {
    serviceId, hostname: subject.hostname, current: deps.toTermsView(subject.terms), currentRenewalTotal: toMoneyJson(deps.computeTax(totalOfTerms(subject.terms), at).total), paidUntil: subject.paidUntil?.toISOString() ?? null,
    open: subject.open && deps.toChangeView(subject.open), refusal: subject.refusal,
    options: offers.map(offer => ({ productId: offer.productId, name: offer.name, spec: { ...(offer.productId === subject.terms.productId ? subject.terms.spec : offer.spec) }, cycles: offer.prices.filter(({ cycle }) => isRecurring(cycle)).map(({ cycle }) => optionOf(deps, subject, offer, cycle)).filter(option => option !== null) })),
  }
}

function optionOf(deps: Deps, subject: ChangeSubject, offer: Offer, cycle: BillingCycle): ChangeOptionsView['options'][number]['cycles'][number] | null {
  const terms = termsOf(subject, offer, cycle)
  if (!terms) return null
  const current = offer.productId === subject.terms.productId && cycle === subject.terms.cycle
  const refused = judgeChange(subject, offer, cycle, 'now')
  const quote = refused ? null : deps.quoteChange(subject, terms.to)
  const shown = current ? subject.terms : terms.to
  return {
    cycle, current, price: toMoneyJson(shown.price), options: shown.options.map(toSoldOptionView), lost: terms.lost.map(toSoldOptionView), renewalTotal: toMoneyJson(deps.computeTax(totalOfTerms(shown), deps.clock.now()).total),
    now: quote && toCostView(quote), nowRefusal: refused ?? (quote ? null : 'not_an_upgrade'), renewalRefusal: judgeChange(subject, offer, cycle, 'renewal'),
  }
}

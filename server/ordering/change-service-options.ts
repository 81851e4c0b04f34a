import type { z } from 'zod'
import { AppError } from '#shared/errors/codes.ts'
import type { changeView } from '#shared/contracts/portal.ts'
import type { optionsQuoteView, serviceOptionsView } from '#shared/contracts/options.ts'
import { sum, toMoneyJson } from '#shared/money/money.ts'
import type { ChangeTiming } from '#shared/vocabulary/billing.ts'
import { toOptionView, toSoldOptionView } from '#shared/options/option-views.ts'
import type { ChangeSubject, ServiceTerms } from '../billing/ports.ts'
import { totalOfTerms } from '#shared/options/sold-options.ts'
import type { OptionWish } from './choose-options.ts'
import type { Offer } from '../catalog/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { judgeOptions, termsWith, toCostView } from './change.ts'
import { setupsOf } from './choose-options.ts'
import { checkAddresses, checkTotal, growthOf, hold, totalOf } from './request-change.ts'
import type { RequestChangeDeps } from './request-change.ts'

interface Whose { readonly serviceId: string, /** Null: staff asks for him. */ readonly clientId: string | null }

/** A product that left the shop: what was sold of it stays and may be taken away, nothing is added. */
const optionsOf = (subject: ChangeSubject, offers: readonly Offer[]): Offer | null => offers.find(offer => offer.productId === subject.terms.productId) ?? null
const noOffer: Pick<Offer, 'options'> = { options: [] }

async function find(deps: RequestChangeDeps, { serviceId, clientId }: Whose): Promise<{ subject: ChangeSubject, offer: Offer | null }> {
  const subject = await deps.findChangeSubject(null, { serviceId, clientId, lock: false })
  if (!subject) throw new AppError('not_found')
  return { subject, offer: optionsOf(subject, await deps.offers.findMany([subject.terms.productId], deps.clock.now())) }
}

/** What a service has of options and what its product offers in its cycle. @throws AppError not_found (foreign, too) */
export const showServiceOptions = (deps: RequestChangeDeps) => async (input: Whose): Promise<z.input<typeof serviceOptionsView>> => {
  const { subject, offer } = await find(deps, input)
  const { cycle } = subject.terms
  const sold = (prices: readonly { readonly cycle: string }[]) => prices.some(price => price.cycle === cycle)
  return {
    serviceId: subject.serviceId, hostname: subject.hostname, cycle, paidUntil: subject.paidUntil?.toISOString() ?? null, refusal: subject.refusal, open: subject.open && deps.toChangeView(subject.open),
    current: subject.terms.options.map(toSoldOptionView), renewalTotal: toMoneyJson(deps.computeTax(totalOfTerms(subject.terms), deps.clock.now()).total),
    options: (offer ?? noOffer).options.map(option => ({ ...option, choices: option.choices.filter(choice => choice.active && sold(choice.prices)) })).filter(option => option.kind === 'choice' ? option.choices.length > 0 : sold(option.prices)).map(toOptionView),
  }
}

/** What other options would cost, now and with each renewal, or why they cannot be had then. @throws AppError not_found, option_unavailable, option_invalid */
export const quoteServiceOptions = (deps: RequestChangeDeps) => async (input: Whose & { readonly options: readonly OptionWish[] }): Promise<z.input<typeof optionsQuoteView>> => {
  const { subject, offer } = await find(deps, input)
  const to = termsWith(subject, offer ?? noOffer, input.options)
  const refused = subject.refusal ?? judgeOptions(subject, to, 'now')
  const setups = setupsFor(subject, offer, to)
  const quote = refused ? null : deps.quoteChange(subject, to, setups)
  return {
    options: to.options.map(toSoldOptionView), spec: { ...to.spec }, renewalTotal: toMoneyJson(deps.computeTax(totalOfTerms(to), deps.clock.now()).total),
    renewalSetup: toMoneyJson(sum(setups.map(({ amount }) => amount), to.price.currency)), now: quote && toCostView(quote), nowRefusal: refused ?? (quote ? null : 'not_an_upgrade'), renewalRefusal: subject.refusal ?? judgeOptions(subject, to, 'renewal'),
  }
}

const setupsFor = ({ terms }: ChangeSubject, offer: Offer | null, to: ServiceTerms) => setupsOf((offer ?? noOffer).options, terms.cycle, terms.options, to.options)

interface Request extends Whose { readonly options: readonly OptionWish[], readonly timing: ChangeTiming, /** Minor units; what was shown. */ readonly expectedTotal?: string | undefined, readonly actor: Actor }

/**
 * Changes the options of a service: more at once, for the difference by exact days, or anything but a smaller disk with the next renewal. Set-up
 * fees of what is added are asked once, with the change's invoice or that of the renewal. The hypervisor is asked for room before the transaction; in it product and service are locked, judged and
 * priced again, and what the machine grows by is held. @throws AppError not_found, option_unavailable, option_invalid, why it cannot be changed, node_full, capacity_unknown, price_changed
 */
export const requestOptions = (deps: RequestChangeDeps) => async (input: Request): Promise<z.input<typeof changeView>> => {
  const { subject: seen, offer } = await find(deps, input)
  const wished = decide(seen, offer, input)
  const growth = growthOf(seen, wished)
  const change = await deps.watchGrowth(input.serviceId, growth, async () => {
    if (growth) await deps.checkRoom(growth)
    return deps.transact(async (stores) => {
      const offers = await stores.offers.lockMany([seen.terms.productId], deps.clock.now())
      const subject = await deps.findChangeSubject(stores, { serviceId: input.serviceId, clientId: input.clientId, lock: true })
      if (!subject) throw new AppError('not_found')
      const own = optionsOf(subject, offers)
      const to = decide(subject, own, input)
      const setups = setupsFor(subject, own, to)
      const quote = input.timing === 'now' ? deps.quoteChange(subject, to, setups) : null
      if (input.timing === 'now' && !quote) throw new AppError('not_an_upgrade')
      if (input.timing === 'now') await checkAddresses(stores, subject, to)
      checkTotal(input.expectedTotal, totalOf(deps, to, quote))
      await hold(deps, stores, subject, to)
      return deps.openChange(stores, { subject, to, setups, timing: input.timing, quote, actor: input.actor })
    })
  })
  if (growth) await deps.stockDue()
  return deps.toChangeView(change)
}

function decide(subject: ChangeSubject, offer: Offer | null, { options, timing }: Request): ServiceTerms {
  if (subject.refusal) throw new AppError(subject.refusal)
  const to = termsWith(subject, offer ?? noOffer, options)
  const refused = judgeOptions(subject, to, timing)
  if (refused) throw new AppError(refused)
  return to
}

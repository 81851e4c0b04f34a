import type { z } from 'zod'
import type { changeView, termsView } from '#shared/contracts/portal.ts'
import { AppError } from '#shared/errors/codes.ts'
import { formatMoney } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingCycle, ChangeTiming } from '#shared/vocabulary/billing.ts'
import type { ChangeQuote, ChangeSubject, ComputeTax, FindChangeSubject, OpenChange, QuoteChange, ServiceChange, ServiceTerms } from '../billing/ports.ts'
import { totalOfTerms } from '#shared/options/sold-options.ts'
import type { CatalogueChanged, Offer } from '../catalog/ports.ts'
import { grows } from '../infrastructure/ports.ts'
import type { Growth, HoldGrowth, RoomCheck } from '../infrastructure/ports.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { judgeChange, termsOf } from './change.ts'
import type { OrderingStores } from './ports.ts'
import type { WatchGrowth } from './refused-growth.ts'

/** How billing shows changes and terms to people. */
export interface ChangeViews { readonly toChangeView: (change: ServiceChange) => z.input<typeof changeView>, readonly toTermsView: (terms: ServiceTerms) => z.input<typeof termsView> }
export interface RequestChangeDeps extends ChangeViews {
  readonly transact: Transact<OrderingStores>, readonly offers: OrderingStores['offers'], readonly clock: Clock, readonly computeTax: ComputeTax, readonly checkRoom: RoomCheck, readonly holdGrowth: HoldGrowth, readonly catalogueChanged: CatalogueChanged, /** What is left of the products has to be counted anew. */ readonly stockDue: () => Promise<void>, readonly watchGrowth: WatchGrowth
  readonly findChangeSubject: FindChangeSubject, readonly quoteChange: QuoteChange, readonly openChange: OpenChange
}
export interface ChangeRequest { readonly serviceId: string, /** Null: staff asks for him. */ readonly clientId: string | null, readonly productId: string, readonly cycle: BillingCycle, readonly timing: ChangeTiming, /** Minor units; what was shown. */ readonly expectedTotal?: string | undefined, readonly actor: Actor }

/**
 * Changes a service to another product or cycle. At once: an invoice of the difference by exact days; product, price and machine follow its
 * payment. At renewal: the next renewal invoice carries the new price. The hypervisor is asked for room before the transaction; in it
 * product, stock and service are locked, judged and priced again, and what a machine grows by is held on its node until the change ends. @throws AppError not_found,
 * product_unavailable, why it cannot be changed (`refusalOf`, `judgeChange`), out_of_stock, node_full, capacity_unknown, price_changed with the new total
 */
export const requestChange = (deps: RequestChangeDeps) => async (input: ChangeRequest): Promise<z.input<typeof changeView>> => {
  const seen = await deps.findChangeSubject(null, { ...input, lock: false })
  if (!seen) throw new AppError('not_found')
  const { offer: before, to } = decide(seen, await deps.offers.findMany([input.productId], deps.clock.now()), input)
  const growth = growthOf(seen, to)
  const change = await deps.watchGrowth(input.serviceId, growth, async () => {
    if (growth) await deps.checkRoom(growth)
    return deps.transact(async (stores) => {
      const offers = await stores.offers.lockMany([input.productId], deps.clock.now())
      const subject = await deps.findChangeSubject(stores, { ...input, lock: true })
      if (!subject) throw new AppError('not_found')
      const decided = decide(subject, offers, input)
      const quote = input.timing === 'now' ? deps.quoteChange(subject, decided.to) : null
      if (input.timing === 'now' && !quote) throw new AppError('not_an_upgrade')
      if (input.timing === 'now') await checkAddresses(stores, subject, decided.to)
      checkTotal(input.expectedTotal, totalOf(deps, decided.to, quote))
      await hold(deps, stores, subject, decided.to)
      return deps.openChange(stores, { subject, to: decided.to, timing: input.timing, quote, actor: input.actor })
    })
  })
  if (growth) await deps.stockDue()
  if (before.stockLimit !== null) await deps.catalogueChanged()
  return deps.toChangeView(change)
}

/** What a service's machine becomes larger by; null: nothing. An account takes no room of its own: its package is a limit. */
export function growthOf({ kind, machine, terms }: Pick<ChangeSubject, 'kind' | 'machine' | 'terms'>, to: ServiceTerms): Growth | null {
  const growth = { from: terms.spec, to: to.spec }
  return machine && kind !== 'hosting' && grows(growth) ? { connectionId: machine.connectionId, node: machine.node, ...growth } : null
}

/** Call it before the change is opened: from then on the change itself is what holds the room. */
export async function hold(deps: Pick<RequestChangeDeps, 'holdGrowth'>, stores: OrderingStores, subject: ChangeSubject, to: ServiceTerms): Promise<void> {
  const growth = growthOf(subject, to)
  if (growth) await deps.holdGrowth(stores, growth)
}

function decide(subject: ChangeSubject, offers: readonly Offer[], { productId, cycle, timing }: ChangeRequest): { readonly offer: Offer, readonly to: ServiceTerms } {
  if (subject.refusal) throw new AppError(subject.refusal)
  const offer = offers.find(candidate => candidate.productId === productId)
  const to = offer && termsOf(subject, offer, cycle)?.to
  if (!offer || !to) throw new AppError('product_unavailable')
  const refused = judgeChange(subject, offer, cycle, timing)
  if (refused) throw new AppError(refused)
  return { offer, to }
}

/** As `checkRoom`, of the network of the machine's first address; nothing is held until it is paid. @throws AppError out_of_stock */
export async function checkAddresses(stores: OrderingStores, { serviceId, terms }: ChangeSubject, to: ServiceTerms): Promise<void> {
  const more = (to.spec.extraIpv4 ?? 0) - (terms.spec.extraIpv4 ?? 0)
  if (more > 0 && !await stores.addresses.hasRoomFor(serviceId, more)) throw new AppError('out_of_stock')
}

/** What was shown for it: what is to be paid now, or with each renewal. */
export const totalOf = (deps: Pick<RequestChangeDeps, 'computeTax' | 'clock'>, to: ServiceTerms, quote: ChangeQuote | null): Money => quote ? quote.figures.total : deps.computeTax(totalOfTerms(to), deps.clock.now()).total

export function checkTotal(expected: string | undefined, total: Money): void {
  if (expected !== undefined && BigInt(expected) !== total.amount) throw new AppError('price_changed', { params: { total: formatMoney(total), amount: total.amount.toString() } })
}

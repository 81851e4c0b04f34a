import { AppError, fieldError } from '#shared/errors/codes.ts'
import { formatMoney, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { optionTexts } from '#shared/options/option-text.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import { mostPromos } from '#shared/vocabulary/catalog.ts'
import type { ComputeTax, IssueOrderInvoice, OrderDiscount, StartTrial } from '../billing/ports.ts'
import { toSoldOption } from './choose-options.ts'
import type { CatalogueChanged, OfferStore, PromoRecord } from '../catalog/ports.ts'
import type { CapacityCheck, FindServers, FoundServers, HoldAccounts, HoldCapacity } from '../infrastructure/ports.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { accountDemandOf, accountServersOf, accountsOf, checkDomains, checkHostnames, checkStock, connectionOf, demandOf, machinesOf, nodesOf, orderNumber, toOrderView } from './order.ts'
import type { OrderView } from './order.ts'
import type { OrderItem, OrderingStores } from './ports.ts'
import { afterTrial, evaluatePromos } from './promo.ts'
import type { PromoOutcome } from './promo.ts'
import { countUses, toDiscountable } from './quote-cart.ts'
import { addUp, checkTrial, discountsOf, priceItem, takesKeys } from './quote.ts'
import type { Figures, PricedLine } from './quote.ts'

interface Deps {
  readonly transact: Transact<OrderingStores>, readonly offers: OfferStore, readonly clock: Clock, readonly newId: NewId, readonly computeTax: ComputeTax, readonly issueOrderInvoice: IssueOrderInvoice, readonly startTrial: StartTrial, readonly checkCapacity: CapacityCheck, readonly holdCapacity: HoldCapacity, readonly findServers: FindServers, readonly holdAccounts: HoldAccounts
  readonly catalogueChanged: CatalogueChanged, /** What is left of the products has to be counted anew. */ readonly stockDue: () => Promise<void>, readonly digest: (text: string) => string
  /** Calendar year in the business zone. */
  readonly yearOf: (at: Date) => number
}
interface Input { readonly clientId: string, readonly items: readonly OrderItem[], readonly promoCodes: readonly string[], /** Minor units; what the buyer was shown. */ readonly expectedTotal?: string | undefined, readonly cartToken: string | null }

/**
 * Places an order. Every figure is the server's: products, prices, discount and PPN are read again under locks. Hypervisors and hosting servers are asked for
 * headroom before the transaction; in it room, stock, promo code and addresses are reserved and order, services and invoice are written
 * together, or nothing is. A trial asks for nothing: it begins in this transaction, without an invoice. @throws AppError email_unverified, profile_incomplete, product_unavailable, template_unavailable, package_unavailable, invalid_input
 * (host name), out_of_stock, capacity_unknown, promo_*, trial_unavailable, trial_alone, trial_used, price_changed with the new total
 */
export const placeOrder = (deps: Deps) => async (input: Input): Promise<OrderView> => {
  const productIds = [...new Set(input.items.map(item => item.productId))]
  const now = deps.clock.now()
  const seen = await deps.offers.findMany(productIds, now)
  const wanted = input.items.map(item => priceItem(item, seen))
  checkTrial(wanted)
  checkStock(wanted)
  checkDomains(wanted)
  for (const demand of demandOf(wanted)) await deps.checkCapacity({ ...demand, clientId: input.clientId })
  const servers = new Map<string, FoundServers>()
  for (const demand of accountDemandOf(wanted)) servers.set(demand.productId, await deps.findServers(demand))
  const placed = await deps.transact(stores => write(deps, stores, input, productIds, servers))
  if (machinesOf(wanted).length + accountsOf(wanted).length > 0) await deps.stockDue()
  // A limited product may be sold out now, and its page says so.
  if (wanted.some(line => line.offer.stockLimit !== null)) await deps.catalogueChanged()
  return placed
}

async function write(deps: Deps, stores: OrderingStores, input: Input, productIds: readonly string[], servers: ReadonlyMap<string, FoundServers>): Promise<OrderView> {
  const at = deps.clock.now()
  const { clientId, items } = input
  await checkBuyer(stores, clientId)
  const offers = await stores.offers.lockMany(productIds, at)
  const lines = items.map(item => priceItem(item, offers))
  checkTrial(lines)
  machinesOf(lines).forEach(connectionOf)
  checkDomains(lines)
  const accounts = accountDemandOf(lines)
  checkStock(lines)
  // The look was before the transaction, and others looked as well: only what still fits beside what they got meanwhile is sold.
  const placed = machinesOf(lines).length > 0 ? await deps.holdCapacity(stores, { clientId, claims: demandOf(lines) }) : []
  const hosts = accountServersOf(lines, await deps.holdAccounts(stores, { claims: accounts.map(({ productId, connectionIds, count, policy }) => {
    const found = servers.get(productId)
    return { connectionIds: found?.servers.map(each => each.connectionId).filter(id => connectionIds.includes(id)) ?? [], complete: found?.complete ?? false, count, policy }
  }) }))
  checkHostnames(lines, await stores.orders.hostnamesInUse(clientId, items.map(item => item.hostname)))
  const { promos, uses } = await applyPromos(stores, input, lines, at)
  const figures = addUp(lines, discountsOf(lines, promos), deps.computeTax, at)
  checkTotal(input.expectedTotal, figures.total)
  const orderId = deps.newId()
  const services = lines.map(({ item, offer, price, options, spec }, i) => ({ id: deps.newId(), productId: offer.productId, productName: offer.name, spec, options: options.map(toSoldOption), hostname: item.hostname, ...(offer.kind !== 'vps' ? { templateId: null, sshKey: null } : { templateId: item.templateId, sshKey: takesKeys(offer, item.templateId) ? item.sshKey : null }), cycle: item.cycle, price, termPeriods: isRecurring(item.cycle) ? offer.fixedTermPeriods : null, renewals: promos?.lines[i]?.renewals ?? [] }))
  await stores.orders.insert({ id: orderId, number: orderNumber(orderId, deps.yearOf(at)), clientId, placedAt: at, total: figures.total, promoCodes: promos?.codes.flatMap(({ promo }) => promo?.code ?? []) ?? [], services })
  for (const { promo } of promos?.codes ?? []) {
    if (promo && !await stores.redemptions.reserve({ promoId: promo.id, clientId, orderId, use: firstFree(uses.filter(use => use.promoId === promo.id)), at })) throw new AppError('promo_exhausted')
  }
  const billed = lines.map((line, i) => ({ service: services[i], line, discounts: promos?.lines[i]?.discounts ?? [] })).flatMap(({ service, ...rest }) => service ? [{ service, ...rest }] : [])
  const nodes = nodesOf(lines, placed)
  for (const { service, line } of billed) if (line.offer.kind === 'vps') await stores.addresses.reserve({ serviceId: service.id, connectionIds: [connectionOf(line)], node: nodes.get(line) })
  await holdDomains(stores, billed.map(({ service, line }) => ({ serviceId: service.id, connectionId: hosts.get(line) })), lines)
  const trial = billed.find(({ line }) => line.trialDays !== null)
  if (trial) await deps.startTrial(stores, { serviceId: trial.service.id, productId: trial.service.productId, days: trial.line.trialDays ?? 0, actor: ordering })
  else await invoiceOrder(deps, stores, { orderId, clientId, billed, figures })
  if (input.cartToken !== null) await stores.carts.remove(deps.digest(input.cartToken))
  const order = await stores.orders.find(orderId, clientId)
  if (!order) throw new AppError('internal')
  return toOrderView(order)
}

/** One living service per domain, whoever orders it. @throws AppError invalid_input */
async function holdDomains(stores: OrderingStores, held: readonly { readonly serviceId: string, readonly connectionId: string | undefined }[], lines: readonly PricedLine<OrderItem>[]): Promise<void> {
  for (const [i, { serviceId, connectionId }] of held.entries()) {
    if (connectionId !== undefined && !await stores.hostingAccounts.hold(serviceId, lines[i]?.item.hostname ?? '', connectionId)) throw fieldError(`items.${i}.hostname`, 'domain_taken')
  }
}

const ordering: Actor = { kind: 'system', name: 'ordering' }
interface Billed { readonly service: { readonly id: string, readonly productName: string, readonly hostname: string, readonly cycle: OrderItem['cycle'] }, readonly line: PricedLine<OrderItem>, readonly discounts: readonly OrderDiscount[] }

/** The invoice asks for exactly what was quoted, or nothing is placed. */
async function invoiceOrder(deps: Deps, stores: OrderingStores, { orderId, clientId, billed, figures }: { readonly orderId: string, readonly clientId: string, readonly billed: readonly Billed[], readonly figures: Figures }): Promise<void> {
  const { total } = await deps.issueOrderInvoice(stores, {
    orderId, clientId,
    lines: billed.map(({ service, line, discounts }) => ({ serviceId: service.id, description: `${service.productName} (${service.hostname})`, cycle: service.cycle, price: line.price, setup: line.setup, options: line.options.map(option => ({ description: optionTexts(option, ` (${service.hostname})`), price: option.price, setup: option.setup })), discounts })),
  })
  if (total.amount !== figures.total.amount || total.currency !== figures.total.currency) throw new RangeError(`order ${orderId}: the invoice asks for ${total.amount} ${total.currency}, the quote was ${figures.total.amount} ${figures.total.currency}`)
}

async function checkBuyer(stores: OrderingStores, clientId: string): Promise<void> {
  const buyer = await stores.buyers.lock(clientId)
  if (!buyer) throw new AppError('not_found')
  if (!buyer.emailVerified) throw new AppError('email_unverified')
  if (!buyer.profileComplete) throw new AppError('profile_incomplete')
}

function checkTotal(expected: string | undefined, total: Money): void {
  if (expected !== undefined && BigInt(expected) !== total.amount) throw new AppError('price_changed', { params: { total: formatMoney(total), amount: total.amount.toString() } })
}

/** The smallest number that is not taken. */
const firstFree = (taken: readonly { readonly use: number }[]): number => {
  const numbers = new Set(taken.map(({ use }) => use))
  return Array.from({ length: taken.length + 1 }, (_, i) => i + 1).find(use => !numbers.has(use)) ?? 1
}

/**
 * Judges the promo codes under their rows' locks (in the order of their ids), so that the last redemption is given once. The buyer's row is
 * locked, so a client's own uses stand still. @throws AppError promo_*
 */
async function applyPromos(stores: OrderingStores, { promoCodes, clientId }: Input, lines: readonly PricedLine[], at: Date): Promise<{ promos: PromoOutcome | null, uses: readonly { promoId: string, use: number }[] }> {
  const codes = [...new Set(promoCodes.map(code => code.toUpperCase()))]
  if (codes.length === 0) return { promos: null, uses: [] }
  if (codes.length > mostPromos) throw new AppError('promo_not_combinable')
  const known = new Map<string, string>()
  for (const code of codes) known.set(code, (await stores.promos.findByCode(code))?.id ?? '')
  const locked = new Map<string, PromoRecord | null>()
  for (const id of [...known.values()].filter(id => id !== '').sort()) locked.set(id, await stores.promos.lock(id))
  const given = codes.map(code => ({ code, promo: locked.get(known.get(code) ?? '') ?? null }))
  const uses = await stores.redemptions.usesOf([...locked.keys()], clientId)
  const hasPaidOrder = given.some(({ promo }) => promo?.newClientsOnly) && await stores.orders.hasPaid(clientId)
  const promos = afterTrial(evaluatePromos(given, lines.map(toDiscountable), at, { uses: countUses(uses), hasPaidOrder }), lines)
  const refused = promos.codes.find(({ problem }) => problem !== null)
  if (refused?.problem) throw new AppError(refused.problem, { params: { code: refused.code, minimum: formatMoney(money(refused.promo?.minimumOrder ?? 0n)) } })
  return { promos, uses }
}

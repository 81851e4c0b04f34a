import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { FieldError } from '#shared/errors/codes.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { ProductStatus } from '#shared/vocabulary/catalog.ts'
import type { MachineType } from '#shared/vocabulary/machines.ts'
import type { PriceRecord, ProductFields } from './ports.ts'

interface Placement { readonly connectionIds: readonly string[], readonly templates: readonly { readonly id: string, readonly connectionId: string, readonly present: boolean, readonly machineType: MachineType, readonly refused: boolean }[], /** Some of its connections limit rates. */ readonly slows: boolean, readonly packageOn: readonly string[] }

const wrong = (path: string, code: string): FieldError => ({ path, code, message: code })

/** What is paid once has no period that could follow a trial, or be counted for a term. */
function problemsOfOnce({ kind, trialDays, fixedTermPeriods }: ProductFields, prices: readonly PriceRecord[]): (FieldError | null)[] {
  const once = kind === 'work' || prices.some(price => !isRecurring(price.cycle))
  return [
    trialDays !== null && once ? wrong('trialDays', 'trial_not_once') : null,
    fixedTermPeriods !== null && once ? wrong('fixedTermPeriods', 'term_not_once') : null,
    kind === 'work' && prices.some(price => isRecurring(price.cycle)) ? wrong('kind', 'work_is_once') : null,
  ]
}

/** An account can be made on whichever server has room: its package is on all of them. */
function problemsOfHosting({ kind, status, spec, connectionIds }: ProductFields, { packageOn }: Placement): (FieldError | null)[] {
  if (kind !== 'hosting' || status !== 'active') return []
  return [
    connectionIds.length === 0 ? wrong('connectionIds', 'sale_needs_server') : null,
    !spec.panelPackage ? wrong('spec.panelPackage', 'sale_needs_package') : packageOn.length < new Set(connectionIds).size ? wrong('spec.panelPackage', 'package_not_everywhere') : null,
  ]
}

/** Who orders one product gets one kind of machine, and can make it anew from any template of it. */
const problemOfKinds = (templates: Placement['templates']): FieldError | null => new Set(templates.map(template => template.machineType)).size > 1 ? wrong('templateIds', 'templates_mixed') : null

/** What is on sale can be made somewhere: of a template that is there, on a storage that takes its disks. */
const problemOfSource = (present: Placement['templates']): FieldError | null => present.length === 0 ? wrong('templateIds', 'sale_needs_template') : present.every(({ refused }) => refused) ? wrong('templateIds', 'storage_refuses') : null
/** A rate that nothing sets would be promised to clients. */
const problemOfTraffic = ({ spec, connectionIds }: ProductFields, { slows }: Placement): FieldError | null => typeof spec.traffic?.slowMbps === 'number' && connectionIds.length > 0 && !slows ? wrong('spec.traffic.slowMbps', 'nothing_slows') : null

/**
 * Whether a product may be saved as it is: what it names exists, templates belong to its connections, and what is put on sale can be
 * bought and built. `placement` is what the database knows of the named connections and templates.
 * @throws AppError invalid_input with every field that is wrong
 */
export function checkProduct(fields: ProductFields, placement: Placement, prices: readonly PriceRecord[]): void {
  const chosen = new Set(fields.connectionIds)
  const fitting = placement.templates.filter(template => chosen.has(template.connectionId))
  const onSale = fields.status === 'active'
  const vpsOnSale = onSale && fields.kind === 'vps'
  const problems = [
    placement.connectionIds.length < chosen.size ? wrong('connectionIds', 'connection_unknown') : null,
    fitting.length < new Set(fields.templateIds).size ? wrong('templateIds', 'template_of_other_connection') : null,
    problemOfKinds(fitting),
    problemOfTraffic(fields, placement),
    vpsOnSale && chosen.size === 0 ? wrong('connectionIds', 'sale_needs_connection') : null,
    vpsOnSale ? problemOfSource(fitting.filter(template => template.present)) : null,
    ...problemsOfHosting(fields, placement),
    fields.kind === 'hosting' && fields.placementPolicy === 'spread_by_client' ? wrong('placementPolicy', 'spread_machines_only') : null,
    fields.trialDays !== null && fields.kind !== 'vps' ? wrong('trialDays', 'trial_machines_only') : null,
    ...problemsOfOnce(fields, prices),
    onSale && prices.length === 0 ? wrong('status', 'sale_needs_price') : null,
  ].filter(problem => problem !== null)
  if (problems.length > 0) throw new AppError('invalid_input', { fields: problems })
}

/** A product is retired, and put back, by an act of its own that says why. @throws AppError invalid_input */
export function checkStatusChange(from: ProductStatus, to: ProductStatus): void {
  if (from !== to && (from === 'retired' || to === 'retired')) throw fieldError('status', from === 'retired' ? 'put_back_by_act' : 'retired_by_act')
}

/**
 * Whether a product may get such a price. What is paid once has no set-up fee (the price is one already), and nothing that belongs to periods:
 * no trial before, no term. Work that people do is sold no other way. @throws AppError invalid_input
 */
export function checkPrice(product: Pick<ProductFields, 'kind' | 'trialDays' | 'fixedTermPeriods'>, { cycle, setup }: Pick<PriceRecord, 'cycle' | 'setup'>): void {
  const problem = isRecurring(cycle)
    ? (product.kind === 'work' ? wrong('cycle', 'work_is_once') : null)
    : product.trialDays !== null
      ? wrong('cycle', 'trial_not_once')
      : product.fixedTermPeriods !== null ? wrong('cycle', 'term_not_once') : checkOnce({ cycle, setup })
  if (problem) throw new AppError('invalid_input', { fields: [problem] })
}
/** Of a product or of an option: what is paid once has no set-up fee beside it. */
export const checkOnce = ({ cycle, setup }: Pick<PriceRecord, 'cycle' | 'setup'>): FieldError | null => !isRecurring(cycle) && setup.amount !== 0n ? wrong('setup.amount', 'setup_not_once') : null

/** The price in force per cycle at a moment: the newest row that is effective by then. */
export function currentPrices(prices: readonly PriceRecord[], at: Date): PriceRecord[] {
  const newest = new Map<string, PriceRecord>()
  for (const price of prices) {
    if (price.effectiveFrom > at) continue
    const known = newest.get(price.cycle)
    // Rows made later have greater ids (UUIDv7): of two that begin at one moment the later one counts.
    if (!known || price.effectiveFrom > known.effectiveFrom || (price.effectiveFrom.getTime() === known.effectiveFrom.getTime() && price.id > known.id)) newest.set(price.cycle, price)
  }
  return [...newest.values()]
}

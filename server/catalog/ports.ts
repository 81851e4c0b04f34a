import type { Money } from '#shared/money/money.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { ProductKind, ProductStatus, PromoKind, PromoTarget, OptionEffect, OptionKind } from '#shared/vocabulary/catalog.ts'
import type { ConnectionKind, MachineType, PlacementPolicy, PlacesLimit } from '#shared/vocabulary/machines.ts'
import type { TrafficTerms } from '#shared/vocabulary/traffic.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { KernelStores, Page, PageRequest } from '../kernel/ports.ts'

export interface LocalizedText { readonly id: string, readonly en: string }
/** Of hosting the sizes say nothing: an account is made from `panelPackage`. */
export interface MachineSize { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number, readonly panelPackage?: string | undefined, /** IPv4 addresses beside the first one; left out: none. */ readonly extraIpv4?: number | undefined, /** Included each month; absent: any amount. */ readonly traffic?: TrafficTerms | undefined }
/** What a package gives on one server; a limit that is null is none. */
export interface PackageLimits { readonly diskMiB: number | null, readonly bandwidthMiB: number | null, readonly maxAddonDomains: number | null, readonly maxMailboxes: number | null, readonly maxDatabases: number | null }

/** What staff decide about a product; prices have a history of their own. */
export interface ProductFields {
  readonly slug: string, readonly kind: ProductKind, readonly name: string, readonly summary: LocalizedText, readonly description: LocalizedText, readonly spec: MachineSize
  readonly status: ProductStatus, readonly featured: boolean, readonly position: number, readonly stockLimit: number | null
  /** Free days of a client's first order; null: no trial. */
  readonly trialDays: number | null
  /** A service ends by itself after so many paid periods; null: it renews. */
  readonly fixedTermPeriods: number | null
  /** Snapshots of a machine at a time; 0: none are offered. */
  readonly snapshotLimit: number
  /** Its machines get IPv6 where their connection has a pool of it; left out: yes. */
  readonly ipv6?: boolean | undefined
  /** Backups of a machine at a time; 0: none. Whether its client may have them made every day or week. */
  readonly backupsIncluded: number, readonly backupSchedule: boolean
  /** Which node, or hosting server, gets what is sold of it. */
  readonly placementPolicy: PlacementPolicy
  readonly connectionIds: readonly string[], readonly templateIds: readonly string[]
}
/** Price and setup fee of one cycle, from a moment on: the price of a moment is the newest row that is effective by then. */
export interface PriceRecord { readonly id: string, readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money, readonly effectiveFrom: Date, readonly createdBy: string | null }
/** What a product costs us a month from a moment on: of two that begin at one moment the later one counts. */
export interface CostRecord { readonly id: string, readonly monthly: Money, readonly effectiveFrom: Date, readonly createdBy: string | null }
export interface CostStore {
  /** The newest first by when they begin, at most a hundred. */
  of(productId: string): Promise<CostRecord[]>
  add(productId: string, cost: { readonly id: string, readonly monthly: Money, readonly effectiveFrom: Date, readonly createdBy: string | null, readonly at: Date }): Promise<void>
}
/** Price and setup fee per unit (or of a choice) in one cycle. */
export interface OptionPrice { readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money }
export interface OptionChoiceFields { readonly key: string, readonly label: LocalizedText, readonly effectAmount: number, readonly position: number, readonly active: boolean }
/** What staff decide about an option; `min`, `max` and `step` count for numbers, choices belong to choices alone. */
export interface OptionFields {
  readonly key: string, readonly kind: OptionKind, readonly label: LocalizedText, readonly min: number, readonly max: number, readonly step: number
  readonly effect: OptionEffect, /** Per unit. */ readonly effectAmount: number, readonly position: number, readonly active: boolean, readonly choices: readonly OptionChoiceFields[]
}
/** An option with the prices in force: of each cycle the newest row that is effective by then. */
export interface OptionRecord extends Omit<OptionFields, 'choices'> { readonly id: string, readonly prices: readonly OptionPrice[], readonly choices: readonly (OptionChoiceFields & { readonly id: string, readonly prices: readonly OptionPrice[] })[] }
export interface OptionStore {
  /** All options of these products, in the order in which they are shown. */
  of(productIds: readonly string[], at: Date): Promise<Map<string, OptionRecord[]>>
  /** Adds an option, or changes it with its choices (by key; none is ever taken away). */
  save(productId: string, optionId: string, fields: OptionFields, at: Date): Promise<void>
  /** Gives one product what another offers now: its active options and choices, with their prices in force as prices from `at` on. */
  copy(input: { readonly from: string, readonly to: string, readonly at: Date, readonly createdBy: string | null }): Promise<void>
  addPrice(price: OptionPrice & { readonly id: string, readonly optionId: string, readonly choiceId: string | null, readonly effectiveFrom: Date, readonly createdBy: string | null, readonly at: Date }): Promise<void>
}
export interface ProductRecord extends ProductFields { readonly id: string, readonly prices: readonly PriceRecord[], readonly activeServices: number, /** A service or a change of one names it. */ readonly sold: boolean, /** Of a retired one: where visitors of its page are sent. */ readonly successor: { readonly id: string, readonly name: string } | null }
/** What hangs on a product. Lists hold at most fifty. */
export interface ProductFootprint {
  /** Not ended and not waiting for their first payment. */
  readonly services: number
  readonly unpaidOrders: number
  /** Issued and not paid, over services of it; those of unpaid orders are not counted again. */
  readonly unpaidInvoices: number
  /** Changes of other services to it that were agreed and are not carried out yet. */
  readonly waitingChanges: number
  /** Touched within thirty days. */
  readonly carts: number
  /** Codes that are on and name it; `only`: nothing else. */
  readonly promos: readonly { readonly id: string, readonly code: string, readonly only: boolean }[]
  readonly connections: readonly { readonly id: string, readonly name: string }[]
}
/** A product that was sold once. `successor`: what is on sale in its place. */
export interface RetiredProduct { readonly productId: string, readonly name: string, readonly kind: ProductKind, readonly successor: { readonly name: string, readonly kind: ProductKind, readonly slug: string } | null }

interface NewPrice { readonly id: string, readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money, readonly effectiveFrom: Date, readonly createdBy: string | null, readonly at: Date }
export interface ProductStore {
  list(filter: PageRequest & { readonly q?: string | undefined, readonly status?: ProductStatus | undefined, readonly kind?: ProductKind | undefined }): Promise<Page<ProductRecord>>
  find(id: string): Promise<ProductRecord | null>
  /** Locks the row: changes of one product follow one another. */
  lock(id: string): Promise<ProductRecord | null>
  /** @throws AppError slug_taken */
  insert(id: string, fields: ProductFields, at: Date): Promise<void>
  /** @throws AppError slug_taken */
  update(id: string, fields: ProductFields, at: Date): Promise<void>
  /** To another status, and of a retired one what takes its place. */
  setStatus(id: string, change: { readonly status: ProductStatus, readonly successorId: string | null }, at: Date): Promise<void>
  footprint(id: string, at: Date): Promise<ProductFootprint>
  remove(id: string): Promise<void>
  addPrices(productId: string, prices: readonly NewPrice[]): Promise<void>
  /** Which of the connections exist and suit the kind, which of the templates (with the connection each belongs to), which of the connections have the package, and whether one of them limits rates. */
  placement(fields: Pick<ProductFields, 'kind' | 'connectionIds' | 'templateIds' | 'spec'>): Promise<{ connectionIds: string[], templates: { id: string, connectionId: string, present: boolean, machineType: MachineType, /** No storage of its connection takes disks of such machines. */ refused: boolean }[], slows: boolean, packageOn: string[] }>
}

/** How many more can be sold, as it was counted at a moment. `places` null: no end of them is known. `complete` false: a connection did not tell, so there may be more. */
export interface CountedStock { readonly places: number | null, readonly complete: boolean, readonly limitedBy: PlacesLimit | null, readonly countedAt: Date }

/** A product as a buyer meets it at a moment. Only products that are on sale and have a price are offers. */
export interface Offer {
  readonly productId: string, readonly slug: string, readonly kind: ProductKind, readonly name: string, readonly summary: LocalizedText, readonly description: LocalizedText, readonly spec: MachineSize, readonly featured: boolean
  readonly stockLimit: number | null, readonly trialDays: number | null, readonly fixedTermPeriods: number | null, readonly backupsIncluded: number, readonly backupSchedule: boolean
  /** Services that hold a unit: all that have not ended, unpaid orders included. */
  readonly unitsHeld: number
  readonly placementPolicy: PlacementPolicy
  /** Its machines get IPv6, where there are pools of it. */
  readonly ipv6: boolean
  /** As it was last counted; null: never. */
  readonly stock: CountedStock | null
  readonly prices: readonly { readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money }[]
  readonly templates: readonly { readonly id: string, readonly name: string, readonly osFamily: string, readonly connectionId: string, readonly connectionKind: ConnectionKind, readonly machineType: MachineType, /** SSH keys are put into it. */ readonly takesKeys: boolean, /** Those on which it or its namesakes there can be cloned; empty: all. */ readonly nodes: readonly string[] }[]
  readonly connectionIds: readonly string[]
  /** Of hosting: its package where it is there now. */
  readonly packages: readonly (PackageLimits & { readonly connectionId: string })[]
  /** Those on sale; which of them are sold in a cycle, their prices say. */
  readonly options: readonly OptionRecord[]
}
/** What the storefront shows of a product that is being written. */
export type SketchFields = Pick<ProductFields, 'slug' | 'kind' | 'name' | 'summary' | 'description' | 'spec' | 'featured' | 'stockLimit' | 'trialDays' | 'fixedTermPeriods' | 'backupsIncluded' | 'backupSchedule' | 'placementPolicy' | 'ipv6' | 'connectionIds' | 'templateIds'>
export interface OfferStore {
  list(input: { readonly at: Date, readonly kind?: ProductKind | undefined }): Promise<Offer[]>
  findBySlug(slug: string, at: Date): Promise<Offer | null>
  findMany(productIds: readonly string[], at: Date): Promise<Offer[]>
  /** What these fields would be on sale, with what the product (null: none yet) has of prices, options and stock. Whether it could be sold so is not asked. */
  sketch(productId: string | null, fields: SketchFields, at: Date): Promise<Offer>
  /** Those of these products that are retired, by address or by id. A successor that was retired itself hands on to its own. */
  findRetired(which: { readonly slug: string } | { readonly productIds: readonly string[] }, at: Date): Promise<RetiredProduct[]>
  /** As `findMany`, the products' rows locked (in the order of their ids): stock counted here cannot be sold twice. */
  lockMany(productIds: readonly string[], at: Date): Promise<Offer[]>
}

export interface PromoFields {
  readonly code: string, readonly kind: PromoKind
  /** Percent (1 to 100), or whole Rupiah. */
  readonly value: bigint
  readonly active: boolean, readonly startsAt: Date | null, readonly endsAt: Date | null, readonly maxRedemptions: number | null
  readonly appliesTo: PromoTarget, /** For so many periods, the first one counted; null: for good. */ readonly periods: number | null
  /** Uses of one client; null: no limit. */
  readonly maxPerClient: number | null, readonly newClientsOnly: boolean, /** Whole Rupiah of prices and fees, before discounts. */ readonly minimumOrder: bigint | null
  /** May stand beside other combinable codes in one order. */
  readonly combinable: boolean
  /** Empty: every product. */
  readonly productIds: readonly string[]
  /** Empty: every cycle. */
  readonly cycles: readonly BillingCycle[]
}
export interface PromoRecord extends PromoFields { readonly id: string, readonly reserved: number, readonly committed: number }
export interface PromoStore {
  list(filter: PageRequest & { readonly q?: string | undefined }): Promise<Page<PromoRecord>>
  find(id: string): Promise<PromoRecord | null>
  findByCode(code: string): Promise<PromoRecord | null>
  lock(id: string): Promise<PromoRecord | null>
  /** @throws AppError code_taken */
  insert(id: string, fields: PromoFields, at: Date): Promise<void>
  /** @throws AppError code_taken */
  update(id: string, fields: PromoFields): Promise<void>
  wasUsed(id: string): Promise<boolean>
  remove(id: string): Promise<void>
}

export interface TldRecord { readonly suffix: string, readonly register: Money, readonly renew: Money, readonly requirement: LocalizedText | null }
export interface TldStore { listActive(): Promise<TldRecord[]> }

/** Something that the storefront shows was changed and committed: cached pages are stale. Never throws. */
export type CatalogueChanged = () => Promise<void>

export interface CatalogStores extends KernelStores { readonly products: ProductStore, readonly options: OptionStore, readonly costs: CostStore, readonly promos: PromoStore, readonly audit: AuditTrail }

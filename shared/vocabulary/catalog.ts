/** `work`: done by a person, once; nothing is built. */
export const productKinds = ['vps', 'hosting', 'work'] as const
export type ProductKind = typeof productKinds[number]
export const productStatuses = ['draft', 'active', 'retired'] as const
export type ProductStatus = typeof productStatuses[number]
/** What visitors are told of a product's stock. */
export const stockStates = ['in_stock', 'few', 'sold_out', 'unknown'] as const
/** So many places are told by their number, and what was counted longer ago (milliseconds) is not shown. */
export const fewPlaces = 5
export const stockLife = 300_000
export const promoKinds = ['percent', 'fixed'] as const
export type PromoKind = typeof promoKinds[number]
/** What a promo code takes something off: the price of a period, the set-up fee, or both. */
export const promoTargets = ['recurring', 'setup', 'both'] as const
export type PromoTarget = typeof promoTargets[number]
/** So many codes may be combined in one order. */
export const mostPromos = 3
export const promoRedemptionStatuses = ['reserved', 'committed', 'released'] as const
export type PromoRedemptionStatus = typeof promoRedemptionStatuses[number]
/** An option of a product: so many units, one of several choices, or on and off. */
export const optionKinds = ['number', 'choice', 'toggle'] as const
export type OptionKind = typeof optionKinds[number]
/** What an option adds to the machine; `none`: it is something that people do. */
export const optionEffects = ['none', 'cpu_cores', 'ram_mib', 'disk_gib', 'rate_mbps', 'extra_ipv4'] as const
export type OptionEffect = typeof optionEffects[number]
/** So many options has a product, and so many choices an option. */
export const mostOptions = 20
export const locales = ['id', 'en'] as const
export type Locale = typeof locales[number]
export const clientKinds = ['person', 'company'] as const
export type ClientKind = typeof clientKinds[number]

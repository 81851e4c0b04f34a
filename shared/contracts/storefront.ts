import { z } from 'zod'
import { mostOptions, mostPromos, optionEffects, optionKinds, productKinds, stockStates } from '#shared/vocabulary/catalog.ts'
import { trafficCounts } from '#shared/vocabulary/traffic.ts'
import { domainAvailabilities, machineTypes, virtualisations } from '#shared/vocabulary/machines.ts'
import { joinSshKeys, longestSshKey, mostSshKeys, parseSshKeys } from '#shared/text/ssh-key.ts'
import { contract, cycle, instant, localized, moneyView, uuid } from './contract.ts'

/** Absent: any amount. */
export const trafficTerms = z.object({ limitGiB: z.number().int().min(1).max(10_000_000), counts: z.enum(trafficCounts), /** Null: it is told alone. */ slowMbps: z.number().int().min(1).max(100_000).nullable() })
export const productSpec = z.object({ cpuCores: z.number().int().min(1).max(128), ramMiB: z.number().int().min(256).max(1_048_576), diskGiB: z.number().int().min(5).max(65_536), rateMbps: z.number().int().min(1).max(100_000), /** Of hosting: from which package of its servers accounts are made. */ panelPackage: z.string().trim().min(1).max(200).optional(), /** IPv4 addresses beside the first one, from options alone. */ extraIpv4: z.number().int().min(0).optional(), /** Of machines: included each month. */ traffic: trafficTerms.optional() })
/** What an account gives; null: no limit. */
export const hostingLimits = z.object({ diskMiB: z.number().nullable(), bandwidthMiB: z.number().nullable(), maxAddonDomains: z.number().int().nullable(), maxMailboxes: z.number().int().nullable(), maxDatabases: z.number().int().nullable() })
/** Price of one cycle: without PPN, the PPN on it, and with it; and the same setup fee. */
export const priceView = z.object({ cycle, price: moneyView, tax: moneyView, priceWithTax: moneyView, setup: moneyView, /** Null: paid once. */ monthly: moneyView.nullable() })
export const templateView = z.object({ id: uuid, name: z.string(), osFamily: z.string(), machineType: z.enum(machineTypes), /** False: SSH keys are not put into it. */ takesKeys: z.boolean() })
const optionPriceView = z.object({ cycle, price: moneyView, setup: moneyView })
/** An option of a product; `prices` are per unit, or stand with its choices. In a cycle without a price it is not sold. */
export const optionView = z.object({
  id: uuid, key: z.string(), kind: z.enum(optionKinds), label: localized, min: z.number().int(), max: z.number().int(), step: z.number().int(), effect: z.enum(optionEffects), effectAmount: z.number().int(), position: z.number().int(), active: z.boolean(), prices: z.array(optionPriceView),
  choices: z.array(z.object({ id: uuid, key: z.string(), label: localized, effectAmount: z.number().int(), position: z.number().int(), active: z.boolean(), prices: z.array(optionPriceView) })),
})
/** What is wished of options: so many (a toggle: 0 or 1), or which choice. What is not named is as it is by default. */
export const optionWishes = z.array(z.object({ optionId: uuid, quantity: z.number().int().min(0).max(1_000_000).optional(), choiceId: uuid.optional() })).max(mostOptions)
export const storefrontProductView = z.object({
  id: uuid, slug: z.string(), kind: z.enum(productKinds), name: z.string(), summary: localized, description: localized, spec: productSpec,
  prices: z.array(priceView), templates: z.array(templateView), /** What its machines are; empty: none are built, or it is not known now. */ virtualisation: z.array(z.enum(virtualisations)), options: z.array(optionView), soldOut: z.boolean(), /** As counted some minutes ago at most; `unknown`: not known, or not lately. `left` is told where few are. */ stock: z.object({ state: z.enum(stockStates), left: z.number().int().nullable() }), /** Of hosting; null: no server has its package now. */ hosting: hostingLimits.nullable(), featured: z.boolean(), /** Free days of a client's first order; null: no trial. */ trialDays: z.number().int().nullable(), /** It ends by itself after so many periods; null: it renews. */ fixedTermPeriods: z.number().int().nullable(), /** Of a machine at a time; 0: none. */ backupsIncluded: z.number().int(), /** Every day or week, as its client says. */ backupSchedule: z.boolean(),
})
export const tldView = z.object({ suffix: z.string(), register: moneyView, renew: moneyView, requirement: localized.nullable() })
/** `name` is ASCII, `unicodeName` the same as people write it; `reason` is a key below `storefront.domains.reasons`. */
export const domainResultView = z.object({ name: z.string(), unicodeName: z.string(), suffix: z.string(), availability: z.enum(domainAvailabilities), register: moneyView.nullable(), renew: moneyView.nullable(), requirement: localized.nullable(), reason: z.string().nullable(), checkedAt: instant.nullable() })

/** Letters of DNS host names, at least two labels: `web-1.contoh.id`. */
export const hostname = z.string().trim().toLowerCase().min(4).max(200).regex(/^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+$/)
/** Public SSH keys, one a line, as machines take them. Null or empty: none. */
export const sshKeys = z.string().trim().max(mostSshKeys * longestSshKey).transform((text, context) => {
  const keys = parseSshKeys(text)
  if (typeof keys !== 'string') return joinSshKeys(keys)
  context.addIssue({ code: 'custom', message: keys })
  return z.NEVER
})
export const orderItemInput = z.object({ productId: uuid, cycle, /** Of the machine; for work: what it is for. */ hostname, /** Null: work, nothing is built. */ templateId: uuid.nullable().default(null), sshKey: sshKeys.nullish().transform(v => v || null), /** As a free trial: alone in its order. */ trial: z.boolean().default(false), options: optionWishes.default([]) })
export const promoCodeInput = z.string().trim().toUpperCase().min(2).max(40).regex(/^[A-Z0-9_-]+$/)
/** Codes of one order; several only where all are combinable. */
export const promoCodesInput = z.array(promoCodeInput).max(mostPromos).default([]).transform(codes => [...new Set(codes)])
/** What a visitor is about to buy: kept for a random cart id in a cookie, so that it survives logging in. A line may be unfinished. */
export const cartItem = z.object({ productId: uuid, cycle, hostname: hostname.nullable().default(null), templateId: uuid.nullable().default(null), sshKey: sshKeys.nullable().default(null), trial: z.boolean().default(false), options: optionWishes.default([]) })
export const cartInput = z.object({ items: z.array(cartItem).max(10), promoCodes: promoCodesInput })
export const quoteLineView = z.object({ productId: uuid, slug: z.string(), kind: z.enum(productKinds), name: z.string(), cycle, hostname: z.string().nullable(), templateId: uuid.nullable(), sshKey: z.string().nullable(), /** False: its system takes no SSH keys. */ takesKeys: z.boolean(), options: z.array(z.object({ optionId: uuid, choiceId: uuid.nullable(), kind: z.enum(optionKinds), quantity: z.number().int(), label: localized, choiceLabel: localized.nullable(), price: moneyView, setup: moneyView })), price: moneyView, setup: moneyView, discount: moneyView, /** Null: paid once, nothing follows. */ nextInvoiceOn: z.string().nullable(), nextInvoiceTotal: moneyView.nullable(), /** Nothing is paid now; the first paid period begins on that day. */ trial: z.object({ days: z.number().int(), endsOn: z.string() }).nullable(), fixedTermPeriods: z.number().int().nullable() })
/** What a cart lost: a product that is not sold any more (`successor`: what took its place), or not as it was wished. Null name: not told. */
const droppedView = z.object({ name: z.string().nullable(), retired: z.boolean(), successor: z.object({ name: z.string(), kind: z.enum(productKinds), slug: z.string() }).nullable() })
/** The server's price for a cart: never the browser's. `tax` is PPN by the rule named in `taxRule`. */
export const quoteView = z.object({
  lines: z.array(quoteLineView), /** Told until the cart is changed. */ dropped: z.array(droppedView), promos: z.array(z.object({ code: z.string(), problem: z.string().nullable(), discount: moneyView, combinable: z.boolean(), /** Null: for good. */ periods: z.number().int().nullable(), minimum: moneyView.nullable() })),
  subtotal: moneyView, discount: moneyView, taxable: moneyView, dpp: moneyView, tax: moneyView, taxRule: z.string(), total: moneyView,
})

const tag = 'storefront'
export const listProducts = contract({ method: 'GET', path: '/api/storefront/products', access: 'public', tag, summary: 'Products on sale, with prices', query: z.object({ kind: z.enum(productKinds).optional() }), response: z.object({ items: z.array(storefrontProductView) }) })
export const showProduct = contract({ method: 'GET', path: '/api/storefront/products/{slug}', access: 'public', tag, summary: 'One product on sale', params: z.object({ slug: z.string().max(100) }), response: storefrontProductView })
export const listTlds = contract({ method: 'GET', path: '/api/storefront/tlds', access: 'public', tag, summary: 'Domain suffixes and their prices', response: z.object({ items: z.array(tldView) }) })
export const checkDomains = contract({ method: 'GET', path: '/api/storefront/domains', access: 'public', tag, summary: 'Availability of a name under the suffixes on sale; with `Accept: text/event-stream` each result is sent as it arrives', query: z.object({ name: z.string().trim().min(1).max(253) }), response: z.object({ items: z.array(domainResultView) }), rateLimit: { limit: 60, seconds: 60 } })
export const showCart = contract({ method: 'GET', path: '/api/storefront/cart', access: 'public', tag, summary: 'The cart, priced by the server', response: quoteView })
export const promoOfferView = z.object({ code: z.string(), state: z.enum(['open', 'unknown', 'over', 'exhausted']), slug: z.string().nullable(), kind: z.enum(productKinds).nullable(), cycle: cycle.nullable() })
export const showPromoOffer = contract({ method: 'GET', path: '/api/storefront/promos/{code}', access: 'public', tag, summary: 'Whether a promo code can be used now, and what it is for', params: z.object({ code: promoCodeInput }), response: promoOfferView, rateLimit: { limit: 60, seconds: 60 } })
export const putCart = contract({ method: 'PUT', path: '/api/storefront/cart', access: 'public', tag, summary: 'Replace the cart', body: cartInput, response: quoteView, rateLimit: { limit: 120, seconds: 60 } })

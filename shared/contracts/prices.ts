import { z } from 'zod'
import { adminServiceDetailView } from './admin.ts'
import { calendarDay, contract, recurringCycle, idParams, instant, listOf, moneyInput, moneyView, pageQuery, uuid } from './contract.ts'

const tag = 'admin'
const access = 'business' as const
/** A new price for the existing services of a product and cycle, for periods that begin on a day (business zone) or later. */
export const priceAnnouncementBody = z.object({ cycle: recurringCycle, price: moneyInput, effectiveOn: calendarDay })
/** `touched`: services that got it; `finishedAt`: when all of them had. */
export const priceAnnouncementView = z.object({ id: uuid, productId: uuid, productName: z.string(), cycle: recurringCycle, price: moneyView, effectiveFrom: instant, createdAt: instant, createdByName: z.string(), touched: z.number().int(), finishedAt: instant.nullable(), withdrawnAt: instant.nullable() })
/** `services` get the price, `locked` of them later, `unchanged` have it already; `before` and `after`: what all of them pay per period, without PPN. */
export const priceReachView = z.object({ services: z.number().int(), locked: z.number().int(), unchanged: z.number().int(), before: moneyView, after: moneyView })
export const listPriceAnnouncements = contract({ method: 'GET', path: '/api/admin/products/{id}/price-announcements', access, tag, summary: 'Prices announced to the services of a product, newest first', params: idParams, query: pageQuery, response: listOf(priceAnnouncementView) })
export const previewPriceAnnouncement = contract({ method: 'POST', path: '/api/admin/products/{id}/price-announcements/preview', access, tag, summary: 'What an announcement would do; nothing is written', params: idParams, body: priceAnnouncementBody, response: priceReachView })
export const announcePrice = contract({ method: 'POST', path: '/api/admin/products/{id}/price-announcements', access, tag, summary: 'Announce a price to existing services; a job tells their clients', params: idParams, body: priceAnnouncementBody, response: priceAnnouncementView, status: 201, creates: true })
export const withdrawPriceAnnouncement = contract({ method: 'DELETE', path: '/api/admin/price-announcements/{id}', access, tag, summary: 'Withdraw an announcement: renewals stop using it at once, a job tells the clients', params: idParams, response: priceAnnouncementView })
/** A higher price holds only after the house's notice. `lockedUntil`: announced prices reach the service no sooner than this day. */
export const servicePriceBody = z.object({ price: moneyInput, lockedUntil: calendarDay.nullable(), reason: z.string().trim().min(3).max(500) })
export const setServicePrice = contract({ method: 'PUT', path: '/api/admin/services/{id}/price', access, tag, summary: 'Set the price of one service, and lock it against announced prices', params: idParams, body: servicePriceBody, response: adminServiceDetailView })
/** What a product costs the house a month (of one that is paid once: what one sale costs), from a day in the business zone on. */
export const productCostBody = z.object({ monthly: moneyInput, effectiveOn: calendarDay })
export const productCostView = z.object({ id: uuid, monthly: moneyView, effectiveFrom: instant, createdBy: z.string().nullable(), current: z.boolean() })
export const listProductCosts = contract({ method: 'GET', path: '/api/admin/products/{id}/costs', access, tag, summary: 'What a product costs us, newest first, at most a hundred', params: idParams, response: z.object({ items: z.array(productCostView) }) })
export const setProductCost = contract({ method: 'POST', path: '/api/admin/products/{id}/costs', access, tag, summary: 'Say what a product costs us from a day on; margins in reports follow', params: idParams, body: productCostBody, response: z.object({ items: z.array(productCostView) }), status: 201, creates: true })

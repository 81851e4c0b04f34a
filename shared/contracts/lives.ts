import { z } from 'zod'
import { promoKinds } from '#shared/vocabulary/catalog.ts'
import { adminServiceDetailView } from './admin.ts'
import { contract, idParams, instant, uuid } from './contract.ts'

const tag = 'admin'
const access = 'business' as const
const reason = z.string().trim().min(3).max(500)
/** `value`: percent, or whole Rupiah. `periodsLeft`: null for good. `endsAt`: taken off, not for periods that begin then or later. `byCode`: a promo code gave it. */
export const serviceDiscountView = z.object({ id: uuid, label: z.string(), kind: z.enum(promoKinds), value: z.string(), byCode: z.boolean(), periodsLeft: z.number().int().nullable(), endsAt: instant.nullable() })
const serviceDiscountsView = z.object({ items: z.array(serviceDiscountView) })
/** `label` stands on invoices. `periods`: for so many renewals; null: for good. */
export const giveDiscountBody = z.object({ label: z.string().trim().min(2).max(60), kind: z.enum(promoKinds), value: z.string().regex(/^[1-9]\d{0,14}$/), periods: z.number().int().min(1).max(120).nullable(), reason }).refine(v => v.kind !== 'percent' || Number(v.value) <= 100, { path: ['value'], message: 'percent_over_100' })
export const listServiceDiscounts = contract({ method: 'GET', path: '/api/admin/services/{id}/discounts', access: 'staff', tag, summary: 'What is taken off the renewals of a service', params: idParams, response: serviceDiscountsView })
export const giveServiceDiscount = contract({ method: 'POST', path: '/api/admin/services/{id}/discounts', access, tag, summary: 'Take something off the next renewals of one service; its client is told', params: idParams, body: giveDiscountBody, response: serviceDiscountsView, status: 201, creates: true })
export const endServiceDiscount = contract({ method: 'POST', path: '/api/admin/services/{id}/discounts/{discountId}/end', access, tag, summary: 'Take a running discount off one service, after the notice of a higher price; its client is told', params: z.object({ id: uuid, discountId: uuid }), body: z.object({ reason }), response: serviceDiscountsView })
/** `periods`: it ends by itself after so many more than are paid; null: it renews. */
export const setTermBody = z.object({ periods: z.number().int().min(0).max(120).nullable(), reason })
export const setServiceTerm = contract({ method: 'PUT', path: '/api/admin/services/{id}/term', access, tag, summary: 'Let a service end by itself after so many more periods, or lift its term; its client is told', params: idParams, body: setTermBody, response: adminServiceDetailView })

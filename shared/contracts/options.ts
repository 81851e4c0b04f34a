import { z } from 'zod'
import { changeTimings } from '#shared/vocabulary/billing.ts'
import { mostOptions, optionEffects, optionKinds } from '#shared/vocabulary/catalog.ts'
import { adminProductView } from './admin.ts'
import { costNow } from './changes.ts'
import type { localized } from './contract.ts'
import { contract, cycle, idParams, instant, moneyInput, moneyView, uuid } from './contract.ts'
import { changeView, soldOptionView } from './portal.ts'
import { optionView, optionWishes, productSpec } from './storefront.ts'

const key = z.string().trim().toLowerCase().min(2).max(40).regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)
const label = z.object({ id: z.string().trim().min(1).max(80), en: z.string().trim().min(1).max(80) }) satisfies typeof localized
const units = z.number().int().min(0).max(1_000_000)
const position = z.number().int().min(0).max(10_000).default(100)
/** `key` and `kind` of an option stay as they are; a choice that is not named is retired. */
export const optionBody = z.object({
  key, kind: z.enum(optionKinds), label, min: units.default(0), max: units.default(1), step: units.min(1).default(1), effect: z.enum(optionEffects), effectAmount: units.default(0), position, active: z.boolean().default(true),
  choices: z.array(z.object({ key, label, effectAmount: units.default(0), position, active: z.boolean().default(true) })).max(mostOptions).default([]),
})
export const optionPriceBody = z.object({ choiceId: uuid.nullable().default(null), cycle, price: moneyInput, setup: moneyInput })

const product = { tag: 'admin', response: adminProductView } as const
const optionParams = z.object({ id: uuid, optionId: uuid })
export const addOption = contract({ ...product, method: 'POST', path: '/api/admin/products/{id}/options', access: 'sysadmin', params: idParams, summary: 'Add an option to a product', body: optionBody, status: 201, creates: true })
export const changeOption = contract({ ...product, method: 'PUT', path: '/api/admin/products/{id}/options/{optionId}', access: 'sysadmin', params: optionParams, summary: 'Change or retire an option; what was sold stays as it is', body: optionBody })
export const setOptionPrice = contract({ ...product, method: 'POST', path: '/api/admin/products/{id}/options/{optionId}/prices', access: 'business', params: optionParams, summary: 'Set the price of an option or of a choice in a cycle, from now on', body: optionPriceBody, status: 201, creates: true })

/** What a service has, and what its product offers in its cycle. */
export const serviceOptionsView = z.object({
  serviceId: uuid, hostname: z.string(), cycle, paidUntil: instant.nullable(), /** Nothing can be changed now, and why. */ refusal: z.string().nullable(), open: changeView.nullable(), current: z.array(soldOptionView), renewalTotal: moneyView, options: z.array(optionView),
})
export const optionsQuoteView = z.object({ options: z.array(soldOptionView), spec: productSpec, renewalTotal: moneyView, /** Asked once, beside the first of the renewals, if it begins with one; without PPN. */ renewalSetup: moneyView, now: costNow.nullable(), nowRefusal: z.string().nullable(), renewalRefusal: z.string().nullable() })
export const optionsQuoteBody = z.object({ options: optionWishes })
/** `expectedTotal`: what was shown, now or per renewal. */
export const optionsBody = z.object({ options: optionWishes, timing: z.enum(changeTimings), expectedTotal: z.string().regex(/^\d{1,18}$/).optional() })
const portal = { access: 'client', tag: 'Portal', params: idParams } as const
const admin = { access: 'sales', tag: 'Admin', params: idParams } as const
export const showServiceOptions = contract({ ...portal, method: 'GET', path: '/api/portal/services/{id}/options', summary: 'Which options my service has and can have', response: serviceOptionsView })
export const quoteServiceOptions = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/options/quote', summary: 'What other options would cost', body: optionsQuoteBody, response: optionsQuoteView })
export const requestOptions = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/options', summary: 'Change options now (an invoice of the difference) or with the next renewal', body: optionsBody, response: changeView, status: 201, creates: true })
export const showAdminServiceOptions = contract({ ...admin, method: 'GET', path: '/api/admin/services/{id}/options', summary: 'Which options a service has and can have', response: serviceOptionsView })
export const quoteAdminServiceOptions = contract({ ...admin, method: 'POST', path: '/api/admin/services/{id}/options/quote', summary: 'What other options would cost', body: optionsQuoteBody, response: optionsQuoteView })
export const requestAdminOptions = contract({ ...admin, method: 'POST', path: '/api/admin/services/{id}/options', summary: 'Change the options of a service for its client, by the same rules', body: optionsBody, response: changeView, status: 201, creates: true })

import { z } from 'zod'
import { changeTimings } from '#shared/vocabulary/billing.ts'
import { contract, cycle, idParams, recurringCycle, instant, moneyView, uuid } from './contract.ts'
import { changeView, soldOptionView, termsView } from './portal.ts'
import { productSpec } from './storefront.ts'

/** What a change costs now: per paid period that is not over (`days` of its `wholeDays`), together without PPN, and with it. */
export const costNow = z.object({
  periods: z.array(z.object({ from: instant, to: instant, days: z.number().int(), wholeDays: z.number().int(), credit: moneyView, charge: moneyView, net: moneyView })),
  credit: moneyView, charge: moneyView, /** Fees of options that are added, once; part of `net`. */ setup: moneyView, net: moneyView, tax: moneyView, total: moneyView,
})
/** A cycle of a product: its price, what each renewal costs with PPN, what changing now costs; `…Refusal`: the error code that says why not. */
const optionCycle = z.object({ cycle, current: z.boolean(), price: moneyView, /** With the product; `lost` are those that fall away. */ options: z.array(soldOptionView), lost: z.array(soldOptionView), renewalTotal: moneyView, now: costNow.nullable(), nowRefusal: z.string().nullable(), renewalRefusal: z.string().nullable() })
export const changeOptionsView = z.object({
  serviceId: uuid, hostname: z.string(), current: termsView, currentRenewalTotal: moneyView, paidUntil: instant.nullable(), open: changeView.nullable(), /** Nothing can be changed now, and why. */ refusal: z.string().nullable(),
  options: z.array(z.object({ productId: uuid, name: z.string(), spec: productSpec, cycles: z.array(optionCycle) })),
})
/** `expectedTotal` is what was shown: now to pay, or each renewal; when the server's figure differs nothing is changed and `price_changed` is answered. */
export const changeBody = z.object({ productId: uuid, cycle: recurringCycle, timing: z.enum(changeTimings), expectedTotal: z.string().regex(/^\d{1,18}$/).optional() })

const changeParams = z.object({ id: uuid, changeId: uuid })
const portal = { access: 'client', tag: 'Portal', params: idParams } as const
const admin = { access: 'sales', tag: 'Admin', params: idParams } as const
export const showChangeOptions = contract({ ...portal, method: 'GET', path: '/api/portal/services/{id}/changes', summary: 'To what my service can be changed, when, and what each costs', response: changeOptionsView })
export const requestChange = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/changes', summary: 'Change product now (an invoice of the difference), or product and cycle with the next renewal', body: changeBody, response: changeView, status: 201, creates: true })
export const cancelChange = contract({ ...portal, method: 'DELETE', path: '/api/portal/services/{id}/changes/{changeId}', params: changeParams, summary: 'Take back a change that waits; its invoice is voided', status: 204 })
export const showAdminChangeOptions = contract({ ...admin, method: 'GET', path: '/api/admin/services/{id}/changes', summary: 'To what a service can be changed, when, and what each costs', response: changeOptionsView })
export const requestAdminChange = contract({ ...admin, method: 'POST', path: '/api/admin/services/{id}/changes', summary: 'Change a service for its client, by the same rules', body: changeBody, response: changeView, status: 201, creates: true })
export const cancelAdminChange = contract({ ...admin, method: 'DELETE', path: '/api/admin/services/{id}/changes/{changeId}', params: changeParams, summary: 'Take back a change that waits; its invoice is voided', status: 204 })

const machineSize = z.object({ cpuCores: z.number().int(), ramMiB: z.number(), diskGiB: z.number() })
/** What was asked for and the machine's node had no room for; null: nothing that still stands. `times`: how often. */
export const refusedGrowthView = z.object({ refused: z.object({ serviceId: uuid, connectionId: uuid, connectionName: z.string(), node: z.string(), from: machineSize, to: machineSize, times: z.number().int(), firstAt: instant, lastAt: instant }).nullable() })
export const showRefusedGrowth = contract({ method: 'GET', path: '/api/admin/services/{id}/refused-growth', access: 'staff', tag: 'admin', summary: 'A larger machine that was refused because its node has no room', params: idParams, response: refusedGrowthView })

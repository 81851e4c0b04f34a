import { z } from 'zod'
import { contract, idParams, moneyInput, moneyView, uuid } from './contract.ts'
import { railStepView } from './portal.ts'

const tag = 'admin'
const access = 'finance' as const
const name = z.string().trim().min(2).max(60)
/** Days from an invoice's due time: negative before it. Each one is a message of its own. */
const days = (least: number, most: number) => z.array(z.coerce.number().int().min(least).max(most)).max(8).refine(list => new Set(list).size === list.length, 'days_twice').transform(list => list.toSorted((a, b) => a - b))
const feeDays = z.coerce.number().int().min(1).max(60)
const feeAmount = moneyInput.refine(value => BigInt(value.amount) > 0n && BigInt(value.amount) <= 100_000_000n, { path: ['amount'], message: 'late_fee_range' })
/** Once per invoice: a share of what is outstanding, at most `cap`, or a sum. */
const lateFee = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }), z.object({ kind: z.literal('percent'), percent: z.coerce.number().int().min(1).max(100), cap: feeAmount, days: feeDays }), z.object({ kind: z.literal('fixed'), amount: feeAmount, days: feeDays }),
])
const numbers = {
  renewalLeadDays: z.coerce.number().int().min(1).max(60),
  reminderDays: days(-60, 60),
  /** An order's invoice is payable for three days. */
  orderReminderDays: days(-2, -1),
  noticeHours: z.coerce.number().int().min(24).max(720),
  suspendAfterDays: z.coerce.number().int().min(1).max(60),
  terminateAfterDays: z.coerce.number().int().min(2).max(365),
  lateFee: lateFee.default({ kind: 'none' }),
}
type Numbers = z.output<z.ZodObject<typeof numbers>>
/** Days after the due time at which the final notice goes out. */
const finalNoticeDay = (terms: Numbers) => terms.suspendAfterDays - terms.noticeHours / 24
/**
 * What terms have to keep: the final notice goes out when the invoice is due or later, at least 24 hours before the suspension; reminders go
 * out before it; between it and termination lie four days.
 */
const lawful = <T extends z.ZodType<Numbers>>(schema: T) => schema
  .refine(terms => finalNoticeDay(terms) >= 0, { path: ['noticeHours'], message: 'notice_before_due' })
  .refine(terms => terms.reminderDays.every(day => day <= finalNoticeDay(terms)), { path: ['reminderDays'], message: 'reminder_after_notice' })
  .refine(terms => terms.lateFee.kind === 'none' || terms.lateFee.days < terms.terminateAfterDays, { path: ['lateFee', 'days'], message: 'late_fee_after_termination' })
  .refine(terms => terms.terminateAfterDays > terms.suspendAfterDays && terms.terminateAfterDays >= finalNoticeDay(terms) + 4, { path: ['terminateAfterDays'], message: 'termination_too_soon' })

export const termsPreviewBody = lawful(z.object(numbers))
export const termsBody = lawful(z.object({ name, ...numbers, productIds: z.array(uuid).max(200).default([]), /** Webhook endpoints told of reminders and final notices, beside mail and portal. */ webhookIds: z.array(uuid).max(20).default([]) }))
const named = z.object({ id: uuid, name: z.string() })
const lateFeeView = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }), z.object({ kind: z.literal('percent'), percent: z.number().int(), cap: moneyView, days: z.number().int() }), z.object({ kind: z.literal('fixed'), amount: moneyView, days: z.number().int() }),
])
const numbersView = z.object({ renewalLeadDays: z.number().int(), reminderDays: z.array(z.number().int()), orderReminderDays: z.array(z.number().int()), noticeHours: z.number().int(), suspendAfterDays: z.number().int(), terminateAfterDays: z.number().int(), lateFee: lateFeeView })
const termsView = numbersView.extend({ id: uuid, name: z.string(), products: z.array(named), groups: z.array(named), webhooks: z.array(named) })
const groupView = named.extend({ termsId: uuid.nullable(), members: z.number().int() })
const allTermsView = z.object({ /** Where nothing else holds. */ house: numbersView, items: z.array(termsView), groups: z.array(groupView), /** Webhook endpoints that can be told of reminders: `all` are told of everybody's, whatever terms say. */ endpoints: z.array(named.extend({ reach: z.enum(['named', 'all']), paused: z.boolean() })) })

export const showTerms = contract({ method: 'GET', path: '/api/admin/billing/terms', access, tag, summary: 'All billing terms with what uses them, the groups of clients, and the terms of the house', response: allTermsView })
export const previewTerms = contract({ method: 'POST', path: '/api/admin/billing/terms/preview', access, tag, summary: 'What a renewal invoice issued now would announce by these terms', body: termsPreviewBody, response: z.object({ rail: z.array(railStepView) }) })
export const createTerms = contract({ method: 'POST', path: '/api/admin/billing/terms', access, tag, summary: 'Add billing terms', body: termsBody, response: allTermsView, status: 201, creates: true })
export const updateTerms = contract({ method: 'PUT', path: '/api/admin/billing/terms/{id}', access, tag, summary: 'Change billing terms; they hold from now on', params: idParams, body: termsBody, response: allTermsView })
export const deleteTerms = contract({ method: 'DELETE', path: '/api/admin/billing/terms/{id}', access, tag, summary: 'Delete billing terms that nothing uses', params: idParams, status: 204 })

export const clientGroupBody = z.object({ name, termsId: uuid.nullable().default(null) })
export const createClientGroup = contract({ method: 'POST', path: '/api/admin/billing/groups', access, tag, summary: 'Add a group of clients', body: clientGroupBody, response: allTermsView, status: 201, creates: true })
export const updateClientGroup = contract({ method: 'PUT', path: '/api/admin/billing/groups/{id}', access, tag, summary: 'Rename a group of clients, or give it other terms', params: idParams, body: clientGroupBody, response: allTermsView })
export const deleteClientGroup = contract({ method: 'DELETE', path: '/api/admin/billing/groups/{id}', access, tag, summary: 'Delete a group without members', params: idParams, status: 204 })
export const setClientGroup = contract({ method: 'PUT', path: '/api/admin/clients/{id}/group', access, tag, summary: 'Put a client into a group, or into none', params: idParams, body: z.object({ groupId: uuid.nullable() }), status: 204 })

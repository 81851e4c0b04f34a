import { z } from 'zod'
import { gateways, paymentMethods } from '#shared/vocabulary/payments.ts'
import { comparisonKinds } from '#shared/vocabulary/refunds.ts'
import { calendarDay, contract, idParams, instant, listOf, moneyInput, moneyView, pageQuery, uuid } from './contract.ts'

const tag = 'admin'

export const comparisonRunView = z.object({ startedAt: instant, finishedAt: instant.nullable(), since: instant, checked: z.number().int(), /** Could not be asked. */ unasked: z.number().int(), requestedBy: z.string() })
export const showReconciliation = contract({ method: 'GET', path: '/api/admin/reconciliation', access: 'finance', tag, summary: 'What each gateway holds by our books, and the newest comparison with them', response: z.object({ clearing: z.array(z.object({ gateway: z.enum(gateways), balance: moneyView })), lastRun: comparisonRunView.nullable(), unmatched: z.number().int() }) })
export const requestComparison = contract({ method: 'POST', path: '/api/admin/reconciliation/runs', access: 'finance', tag, summary: 'Compare the last days with the gateways now; it runs as a job', status: 204 })

export const comparisonItemView = z.object({
  id: uuid, gateway: z.enum(gateways), paymentId: uuid, invoiceId: uuid, invoiceNumber: z.string().nullable(), gatewayOrderId: z.string().nullable(), kind: z.enum(comparisonKinds), ours: z.string(), theirs: z.string(), ageDays: z.number().int(),
  firstSeenAt: instant, lastSeenAt: instant, resolvedAt: instant.nullable(), acknowledgedAt: instant.nullable(), acknowledgedByName: z.string().nullable(), acknowledgedReason: z.string().nullable(),
})
export const listComparisonItems = contract({ method: 'GET', path: '/api/admin/reconciliation/items', access: 'finance', tag, summary: 'What did not match, the oldest first', query: pageQuery.extend({ state: z.enum(['open', 'acknowledged', 'resolved']).optional() }), response: listOf(comparisonItemView) })
export const acknowledgeComparisonItem = contract({ method: 'POST', path: '/api/admin/reconciliation/items/{id}/acknowledge', access: 'finance', tag, summary: 'Acknowledge what did not match, with the reason', params: idParams, body: z.object({ reason: z.string().trim().min(3).max(500) }), response: comparisonItemView })

const feeRule = z.object({ gateway: z.enum(gateways), method: z.enum(paymentMethods), fixed: moneyInput, /** Hundredths of a percent. */ basisPoints: z.number().int().min(0).max(10_000) })
export const feeRulesView = z.object({ rules: z.array(feeRule.extend({ updatedAt: instant, updatedByName: z.string() })) })
export const showFeeRules = contract({ method: 'GET', path: '/api/admin/gateway-fees', access: 'finance', tag, summary: 'What gateways take of each settled payment', response: feeRulesView })
export const feeRulesBody = z.object({ rules: z.array(feeRule).max(50).refine(rules => new Set(rules.map(rule => `${rule.gateway} ${rule.method}`)).size === rules.length, { message: 'method_twice' }) })
export const setFeeRules = contract({ method: 'PUT', path: '/api/admin/gateway-fees', access: 'finance', tag, summary: 'Set what gateways take, for settlements from now on', body: feeRulesBody, response: feeRulesView })

export const payoutView = z.object({ id: uuid, gateway: z.enum(gateways), reference: z.string(), amount: moneyView, fee: moneyView, paidOn: instant, recordedAt: instant, recordedByName: z.string() })
export const listPayouts = contract({ method: 'GET', path: '/api/admin/payouts', access: 'finance', tag, summary: 'What gateways transferred to the bank account, newest first', query: pageQuery, response: listOf(payoutView) })
export const payoutBody = z.object({ gateway: z.enum(gateways), amount: moneyInput, /** Kept beyond the fees that were booked with the settlements. */ fee: moneyInput, reference: z.string().trim().min(3).max(100), paidOn: calendarDay })
export const recordPayout = contract({ method: 'POST', path: '/api/admin/payouts', access: 'finance', tag, summary: 'Record a transfer of a gateway; once per reference', body: payoutBody, response: payoutView, status: 201, creates: true })

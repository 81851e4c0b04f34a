import { z } from 'zod'
import { gateways, paymentMethods, paymentStatuses } from '#shared/vocabulary/payments.ts'
import { gatewayRefundBars, refundConsequences, refundKinds, refundStatuses } from '#shared/vocabulary/refunds.ts'
import { calendarDay, contract, idParams, instant, listOf, moneyInput, moneyView, pageQuery, search, uuid } from './contract.ts'

const tag = 'admin'
const reason = z.string().trim().min(3).max(255)
const reference = z.string().trim().min(3).max(100)

export const refundView = z.object({
  id: uuid, paymentId: uuid.nullable(), invoiceId: uuid.nullable(), invoiceNumber: z.string().nullable(), clientId: uuid, clientName: z.string(), gateway: z.enum(gateways).nullable(), method: z.enum(paymentMethods).nullable(), kind: z.enum(refundKinds), status: z.enum(refundStatuses), consequence: z.enum(refundConsequences), amount: moneyView,
  /** Made at the gateway, not here. */
  found: z.boolean(),
  /** Of what was found: by so much more went back of its payment than was settled. */
  beyond: moneyView.nullable(),
  reason: z.string(), reference: z.string().nullable(), paidOn: instant.nullable(), refundKey: z.string().nullable(), requestedByName: z.string(), approvedByName: z.string().nullable(),
  /** A second person has to decide; `mayApprove`: the reader may be it. */
  waits: z.boolean(), mayApprove: z.boolean(), createdAt: instant, finishedAt: instant.nullable(), problem: z.string().nullable(), noted: z.boolean(),
})
export const listRefunds = contract({ method: 'GET', path: '/api/admin/refunds', access: 'finance', tag, summary: 'Money that went or goes back, newest first; `attention`: what waits for a person', query: pageQuery.extend({ q: search, status: z.enum(refundStatuses).optional(), kind: z.enum(refundKinds).optional(), attention: z.stringbool().optional(), invoiceId: uuid.optional() }), response: listOf(refundView) })

/** What can be given back of an invoice's payments, and how. */
export const refundablePaymentView = z.object({
  id: uuid, gateway: z.enum(gateways).nullable(), method: z.enum(paymentMethods), channel: z.enum(paymentMethods).nullable(), status: z.enum(paymentStatuses), settledAt: instant.nullable(), settled: moneyView, left: moneyView,
  byGateway: z.object({ possible: z.boolean(), until: instant.nullable(), bar: z.enum(gatewayRefundBars).nullable() }),
})
export const showRefundable = contract({ method: 'GET', path: '/api/admin/invoices/{id}/refundable', access: 'finance', tag, summary: 'What of an invoice\'s payments can be given back, and by which ways', params: idParams, response: z.object({ payments: z.array(refundablePaymentView), approvalAbove: moneyView }) })

export const refundBody = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('gateway'), amount: moneyInput, consequence: z.enum(refundConsequences), reason }),
  z.object({ kind: z.literal('credit'), amount: moneyInput, consequence: z.enum(refundConsequences), reason }),
  z.object({ kind: z.literal('manual'), amount: moneyInput, consequence: z.enum(refundConsequences), reason, reference, paidOn: calendarDay }),
])
export const requestRefund = contract({ method: 'POST', path: '/api/admin/payments/{id}/refunds', access: 'finance', tag, summary: 'Give a settled payment back, in part or whole; a large one waits for a second person', params: idParams, body: refundBody, response: refundView, status: 201, creates: true })
export const creditPayoutBody = z.object({ amount: moneyInput, reason, reference, paidOn: calendarDay })
export const showClientCredit = contract({ method: 'GET', path: '/api/admin/clients/{id}/credit', access: 'finance', tag, summary: 'A client\'s credit, and what of it could be paid out now', params: idParams, response: z.object({ balance: moneyView, free: moneyView }) })
export const requestCreditPayout = contract({ method: 'POST', path: '/api/admin/clients/{id}/credit-payouts', access: 'finance', tag, summary: 'Record that unused credit was transferred to the client; a large one waits for a second person', params: idParams, body: creditPayoutBody, response: refundView, status: 201, creates: true })
export const approveRefund = contract({ method: 'POST', path: '/api/admin/refunds/{id}/approve', access: 'finance', tag, summary: 'Decide as the second person that it is carried out', params: idParams, response: refundView })
export const declineRefund = contract({ method: 'POST', path: '/api/admin/refunds/{id}/decline', access: 'finance', tag, summary: 'Decide that it is not carried out', params: idParams, body: z.object({ reason }), response: refundView })
export const noteRefund = contract({ method: 'POST', path: '/api/admin/refunds/{id}/note', access: 'finance', tag, summary: 'Note what was found at the gateway, charged back or failed', params: idParams, response: refundView })
export const winChargeback = contract({ method: 'POST', path: '/api/admin/refunds/{id}/won', access: 'finance', tag, summary: 'Book that a charge-back was won: the money is back', params: idParams, body: z.object({ reason }), response: refundView })

/** What a client sees of it: no reference of ours, no names of staff. */
export const clientRefundView = z.object({ id: uuid, kind: z.enum(refundKinds), status: z.enum(refundStatuses), consequence: z.enum(refundConsequences), amount: moneyView, createdAt: instant, finishedAt: instant.nullable() })
export const listInvoiceRefunds = contract({ method: 'GET', path: '/api/portal/invoices/{id}/refunds', access: 'client', tag: 'portal', summary: 'What was given or taken back of the payments of an invoice', params: idParams, response: z.object({ items: z.array(clientRefundView) }) })

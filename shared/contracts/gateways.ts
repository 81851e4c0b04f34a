import { z } from 'zod'
import { gatewayFindings, gatewayMethods, gateways, isFreeForBuyer } from '#shared/vocabulary/payments.ts'
import { contract, instant, moneyInput, moneyView } from './contract.ts'

const tag = 'admin'
const access = 'finance' as const
const params = z.object({ gateway: z.enum(gateways) })

/** Where each credential comes from; its value never leaves the server. `offered`: active, its gateway has a key and is not paused. */
export const gatewaysView = z.object({
  gateways: z.array(z.object({
    gateway: z.enum(gateways), pausedReason: z.string().nullable(), pausedAt: instant.nullable(),
    credentials: z.array(z.object({ name: z.enum(['apiKey', 'notificationSecret']), source: z.enum(['stored', 'environment', 'apiKey', 'none']) })),
  })),
  methods: z.array(z.object({ method: z.enum(gatewayMethods), gateway: z.enum(gateways), active: z.boolean(), minimum: moneyView.nullable(), maximum: moneyView.nullable(), offered: z.boolean(), /** What the buyer pays on top, without PPN. */ buyerFee: z.object({ fixed: moneyView, basisPoints: z.number().int() }) })),
})
export const listGateways = contract({ method: 'GET', path: '/api/admin/gateways', access, tag, summary: 'Payment gateways, and the methods in the order in which buyers see them', response: gatewaysView })

const bound = moneyInput.nullable().default(null)
const noFee = { fixed: { amount: '0', currency: 'IDR' as const }, basisPoints: 0 }
const rule = z.object({ method: z.enum(gatewayMethods), active: z.boolean(), minimum: bound, maximum: bound, buyerFee: z.object({ fixed: moneyInput, /** Hundredths of a percent. */ basisPoints: z.number().int().min(0).max(1000) }).default(noFee) })
  .refine(({ method, buyerFee }) => !isFreeForBuyer(method) || (BigInt(buyerFee.fixed.amount) === 0n && buyerFee.basisPoints === 0), { path: ['buyerFee'], message: 'qris_without_fee' })
  .refine(({ minimum, maximum }) => !minimum || !maximum || BigInt(minimum.amount) <= BigInt(maximum.amount), { path: ['maximum'], message: 'maximum_below_minimum' })
export const methodRulesBody = z.object({ methods: z.array(rule).length(gatewayMethods.length).refine(rules => new Set(rules.map(one => one.method)).size === rules.length, 'method_twice') })
export const saveMethodRules = contract({ method: 'PUT', path: '/api/admin/gateways/methods', access, tag, summary: 'Which methods are offered, in which order and for which amounts; every method is named once', body: methodRulesBody, response: gatewaysView })

/** `reason` for those who wonder later; null lets the gateway take new payments again. */
export const pauseGateway = contract({ method: 'PUT', path: '/api/admin/gateways/{gateway}/pause', access, tag, summary: 'Pause a gateway (no new payments; notifications and reads go on), or take that back', params, body: z.object({ reason: z.string().trim().min(3).max(200).nullable() }), response: gatewaysView })

const credential = z.string().trim().min(8, 'credential_short').max(300).nullable().optional()
/** Absent: stays. Null: the stored one is deleted, that of the environment counts again. */
export const saveCredentials = contract({ method: 'PUT', path: '/api/admin/gateways/{gateway}/credentials', access, tag, summary: 'Store the credentials of a gateway, sealed, or delete the stored ones', params, body: z.object({ apiKey: credential, notificationSecret: credential }), response: gatewaysView })

export const gatewayTestView = z.object({ ok: z.boolean(), checks: z.array(z.object({ check: z.enum(['api', 'page', 'notifications']), ok: z.boolean(), milliseconds: z.number().int(), finding: z.enum(gatewayFindings), /** What was said, where something failed. */ detail: z.string().nullable() })) })
export const testGateway = contract({ method: 'POST', path: '/api/admin/gateways/{gateway}/test', access, tag, summary: 'Ask the gateway live whether it can be used as set up; nothing is charged', params, response: gatewayTestView })

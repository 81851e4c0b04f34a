import { z } from 'zod'
import { calendarDay, contract, instant, moneyView, uuid } from './contract.ts'

const tag = 'admin'
const access = 'finance' as const
const reason = z.string().trim().min(3).max(500)
const written = { from: instant, reason: z.string(), actor: z.string(), createdAt: instant, current: z.boolean() }

/** `sample`: the PPN on Rp 1.000.000 by this rule. */
export const taxRuleView = z.object({ name: z.string(), ratePercent: z.number().int(), dppNumerator: z.number().int(), dppDenominator: z.number().int(), sample: moneyView, ...written })
export const taxView = z.object({ pkp: z.boolean(), rules: z.array(taxRuleView), statuses: z.array(z.object({ id: uuid, pkp: z.boolean(), ...written })) })
export const showTax = contract({ method: 'GET', path: '/api/admin/tax', access, tag, summary: 'The rules of PPN and whether the seller is PKP, newest first', response: taxView })

const part = z.coerce.number().int().min(1).max(1_000)
/** The rate on `dppNumerator / dppDenominator` of the price, from the beginning of a day (business zone) that is still ahead. */
export const taxRuleBody = z.object({ name: z.string().trim().regex(/^[a-z0-9][a-z0-9./-]{2,39}$/, 'rule_name_shape'), from: calendarDay, ratePercent: z.coerce.number().int().min(0).max(100), dppNumerator: part, dppDenominator: part, reason })
  .refine(rule => rule.dppNumerator <= rule.dppDenominator, { path: ['dppNumerator'], message: 'dpp_over_price' })
export const addTaxRule = contract({ method: 'POST', path: '/api/admin/tax/rules', access, tag, summary: 'Add a rule of PPN for a day that is ahead', body: taxRuleBody, response: taxView, status: 201, creates: true })
export const taxStatusBody = z.object({ pkp: z.boolean(), from: calendarDay, reason })
export const setSellerTaxStatus = contract({ method: 'POST', path: '/api/admin/tax/status', access, tag, summary: 'From a day that is ahead the seller is PKP, or is not any more', body: taxStatusBody, response: taxView, status: 201, creates: true })

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { gatewayMethods, gatewayOfMethod, gateways } from '#shared/vocabulary/payments.ts'
import type { GatewayRecord, MethodRule } from '#server/payments/gateway-ports.ts'
import { credentialsOf, methodsFor, sourceOf } from '#server/payments/gateway-settings.ts'

const bound = fc.option(fc.bigInt({ min: 0n, max: 10n ** 12n }))
const rules = fc.shuffledSubarray([...gatewayMethods], { minLength: gatewayMethods.length }).chain(order => fc.tuple(...order.map(method => fc.record({ method: fc.constant(method), active: fc.boolean(), minimum: bound, maximum: bound, fixed: fc.bigInt({ min: 0n, max: 10_000n }), basisPoints: fc.integer({ min: 0, max: 1000 }) })))).map(list => list.map(({ minimum, maximum, fixed, basisPoints, ...rule }): MethodRule => ({ ...rule, buyerFee: { fixed: money(fixed), basisPoints }, minimum: minimum === null ? null : money(minimum), maximum: maximum === null ? null : money(maximum) })))
const record = (change: Partial<GatewayRecord> = {}): GatewayRecord => ({ gateway: 'midtrans', pausedReason: null, pausedAt: null, sealed: { apiKey: null, notificationSecret: null }, ...change })
const box = { open: (text: string) => text.replace('sealed:', '') }

describe('which methods take an amount', () => {
  it('exactly the active ones of gateways that are not paused, within their bounds, in the order of the rules', () => {
    fc.assert(fc.property(rules, fc.subarray([...gateways]), fc.bigInt({ min: 1n, max: 10n ** 12n }), (list, paused, amount) => {
      const offers = methodsFor(list, new Set(paused), money(amount))
      const found = offers.map(({ method }) => method)
      for (const { method, fee } of offers) expect(fee.amount).toBe(method === 'qris' ? 0n : list.filter(rule => rule.method === method).reduce((sum, { buyerFee }) => sum + buyerFee.fixed.amount + amount * BigInt(buyerFee.basisPoints) / 10_000n, 0n))
      expect(found).toEqual(list.map(rule => rule.method).filter(method => found.includes(method)))
      for (const rule of list) {
        const fits = (rule.minimum?.amount ?? 0n) <= amount && amount <= (rule.maximum?.amount ?? amount)
        expect(found.includes(rule.method)).toBe(rule.active && fits && !paused.includes(gatewayOfMethod[rule.method]))
      }
    }))
  })
})

describe('credentials', () => {
  const environment = { apiKey: 'env-key', notificationSecret: '' }
  it('a stored one goes before the environment\'s', () => {
    expect(credentialsOf(record({ sealed: { apiKey: 'sealed:mine', notificationSecret: null } }), environment, box)).toEqual({ apiKey: 'mine', notificationSecret: 'mine' })
    expect(credentialsOf(record(), environment, box)).toEqual({ apiKey: 'env-key', notificationSecret: 'env-key' })
  })
  it('only Midtrans signs with its key where nothing else is set; Xendit\'s webhooks are then believed by nothing', () => {
    expect(credentialsOf(record({ gateway: 'xendit' }), environment, box)).toEqual({ apiKey: 'env-key', notificationSecret: '' })
    expect(sourceOf(record({ gateway: 'xendit' }), environment, 'notificationSecret')).toBe('none')
    expect(sourceOf(record(), { apiKey: '', notificationSecret: '' }, 'notificationSecret')).toBe('none')
  })
})

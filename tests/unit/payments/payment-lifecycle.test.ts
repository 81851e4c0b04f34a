import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { paymentStatuses } from '#shared/vocabulary/payments.ts'
import type { PaymentStatus } from '#shared/vocabulary/payments.ts'
import { decidePayment, initialPaymentStatus, paymentTransitions } from '#server/payments/payment-lifecycle.ts'
import type { GatewayState } from '#server/payments/ports.ts'

const words = ['pending', 'settled', 'expired', 'failed', 'denied', 'refunded', 'charged_back', 'review'] as const
const word = (status: GatewayState['status'], change: Partial<GatewayState> = {}): GatewayState => ({ status, gatewayTransactionId: 't', orderId: 'INV-1', amount: money(111_000n), settledAt: null, ...change })
const payment = (status: PaymentStatus, settledAt: Date | null = null) => ({ status, amount: money(111_000n), gatewayOrderId: 'INV-1', settledAt })

/** Lets words arrive one after another and counts what is booked. */
function play(sequence: readonly GatewayState['status'][]) {
  let [state, booked, reversed] = [payment(initialPaymentStatus), 0, 0]
  for (const status of sequence) {
    const decision = decidePayment(state, word(status))
    if (decision.act !== 'move') continue
    expect(paymentTransitions[state.status]).toContain(decision.to)
    booked += decision.money === 'book' ? 1 : 0
    reversed += decision.money === 'reverse' ? 1 : 0
    state = payment(decision.to, decision.money === 'book' ? new Date(0) : state.settledAt)
  }
  return { status: state.status, booked, reversed }
}

describe('what a gateway\'s word makes of a payment', () => {
  it('whatever words arrive in whatever order, money is booked at most once and only what was booked is taken back', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...words), { maxLength: 20 }), (sequence) => {
      const { status, booked, reversed } = play(sequence)
      expect(booked).toBeLessThanOrEqual(1)
      expect(reversed).toBeLessThanOrEqual(booked)
      expect(status === 'settled').toBe(booked === 1 && reversed === 0)
    }))
  })

  it('a settlement is booked whenever it comes and whatever came before it, but not after it was taken back', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('pending', 'expired', 'failed', 'denied'), { maxLength: 6 }), (sequence) => {
      expect(play([...sequence, 'settled'] as GatewayState['status'][])).toMatchObject({ status: 'settled', booked: 1 })
    }))
    expect(decidePayment(payment('denied', new Date(0)), word('settled'))).toEqual({ act: 'park', reason: 'settled_again' })
  })

  it('D5: expire, cancel and pending after a settlement change nothing', () => {
    for (const late of ['expired', 'failed', 'pending', 'settled'] as const) expect(decidePayment(payment('settled', new Date(0)), word(late)).act).toBe('none')
  })

  it('another order or another amount is parked in every state, for every word', () => {
    for (const status of paymentStatuses) {
      for (const said of words) {
        expect(decidePayment(payment(status), word(said, { orderId: 'INV-2' }))).toEqual({ act: 'park', reason: 'other_order' })
        expect(decidePayment(payment(status), word(said, { amount: money(110_999n) }))).toEqual({ act: 'park', reason: 'wrong_amount' })
      }
    }
  })
})

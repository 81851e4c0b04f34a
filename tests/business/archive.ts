import type { MidtransState, Transaction } from '../../simulators/midtrans/state.ts'

/** What a transaction leaves at the gateway for us: its amount less what went back for good. */
export interface Standing { readonly status: Transaction['status'], readonly amount: number }

const kept = new Set<Transaction['status']>(['settlement', 'partial_refund', 'refund', 'partial_chargeback', 'chargeback'])
export const standingOf = ({ status, amount, refunds }: Transaction): Standing => ({ status, amount: kept.has(status) ? amount - refunds.reduce((sum, refund) => sum + Number(refund.refund_amount), 0) : 0 })

export interface Archive {
  /** Puts away what is over for so long that neither the gateway nor the product asks for it again: years of payments cost little memory. */
  tidy(before: number): void
  /** By order id: what was put away, and what is there. */
  standings(): Map<string, Standing>
}

export function archive(state: MidtransState): Archive {
  const away = new Map<string, Standing>()
  return {
    tidy(before) {
      for (const transaction of state.transactions) if (transaction.createdAt < before && transaction.status !== 'pending') away.set(transaction.orderId, standingOf(transaction))
      state.transactions = state.transactions.filter(({ orderId }) => !away.has(orderId))
      state.sessions = state.sessions.filter(({ createdAt }) => createdAt >= before)
      state.usedOrderIds = state.usedOrderIds.slice(-5_000)
    },
    standings: () => new Map([...away, ...state.transactions.map(transaction => [transaction.orderId, standingOf(transaction)] as const)]),
  }
}

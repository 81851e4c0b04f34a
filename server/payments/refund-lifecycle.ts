import type { RefundStatus } from '#shared/vocabulary/refunds.ts'

/** What may follow what. A refund that failed may turn out to have gone all the same; only a charge-back is reversed (won). */
export const refundTransitions: Readonly<Record<RefundStatus, readonly RefundStatus[]>> = {
  requested: ['pending', 'done', 'failed'],
  pending: ['done', 'failed'],
  done: ['reversed'],
  failed: ['done'],
  reversed: [],
}
export const initialRefundStatus: RefundStatus = 'requested'

/**
 * How money goes back. `gateway`: by the gateway to what was paid with; `credit`: to the client's credit; `manual`: by a bank transfer of
 * ours; `credit_payout`: credit that the client no longer wants, by a bank transfer; `chargeback`: taken back by the buyer's bank.
 */
export const refundKinds = ['gateway', 'credit', 'manual', 'credit_payout', 'chargeback'] as const
export type RefundKind = typeof refundKinds[number]
/** `pending`: the gateway has it, its bank has not confirmed. `reversed`: a charge-back that was won, the money is back. */
export const refundStatuses = ['requested', 'pending', 'done', 'failed', 'reversed'] as const
export type RefundStatus = typeof refundStatuses[number]
/** What a refund means for the invoice: `reopen`: it is owed again; `keep`: goodwill, it stays paid and the house bears it. */
export const refundConsequences = ['reopen', 'keep'] as const
export type RefundConsequence = typeof refundConsequences[number]
/** Why a payment cannot be given back by its gateway. */
export const gatewayRefundBars = ['method', 'window', 'no_gateway'] as const
export type GatewayRefundBar = typeof gatewayRefundBars[number]

/** What the comparison with a gateway finds: the gateway's words contradict our books, or cannot be had. */
export const comparisonKinds = ['wrong_amount', 'other_order', 'needs_review', 'settled_again', 'refund_without_settlement', 'unknown_at_gateway', 'unreadable', 'state_differs', 'amount_differs', 'refund_unconfirmed'] as const
export type ComparisonKind = typeof comparisonKinds[number]

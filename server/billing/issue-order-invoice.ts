import { systemActor } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { orderInvoiceLines } from './invoice.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores, OrderInvoiceInput } from './ports.ts'

/** Issues the first invoice of an order, payable for as long as the order's reservations hold. See `IssueOrderInvoice`. */
export const issueOrderInvoice = (deps: BillingDeps) => (stores: BillingStores, input: OrderInvoiceInput) => {
  const { policy, calendar } = deps.rules
  const dueAt = calendar.shiftDays(deps.clock.now(), policy.orderTermDays)
  return issueInvoice(deps)(stores, { clientId: input.clientId, orderId: input.orderId, lines: orderInvoiceLines(input), dueAt, actor: systemActor('ordering') })
}

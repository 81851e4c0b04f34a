import type { Money } from '#shared/money/money.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores } from './ports.ts'

export interface FeeToCharge { readonly lateInvoiceId: string, readonly lateNumber: string, readonly clientId: string, readonly amount: Money, readonly actor: Actor }

/**
 * Charges the late fee of an invoice in the open transaction: an invoice of its own, of no service, so that nothing is ever suspended for it. Its client's
 * credit is left for what it is for. A second one for the same invoice throws.
 */
export const chargeLateFee = (deps: BillingDeps) => async (stores: BillingStores, { lateInvoiceId, lateNumber, clientId, amount, actor }: FeeToCharge): Promise<void> => {
  const client = await stores.billedClients.find(clientId)
  if (!client) throw new RangeError(`no client ${clientId} to charge`)
  await issueInvoice(deps)(stores, {
    clientId, orderId: null, actor, lateFeeOf: lateNumber, dueAt: deps.rules.calendar.shiftDays(deps.clock.now(), deps.rules.policy.lateFeeTermDays),
    lines: [{ kind: 'late_fee', description: deps.describeLateFee(client.locale).replace('{number}', lateNumber), serviceId: null, periodStart: null, periodEnd: null, amount }],
    claim: feeInvoiceId => stores.lateFees.insert({ lateInvoiceId, feeInvoiceId }),
  })
}

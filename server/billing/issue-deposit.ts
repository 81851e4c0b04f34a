import { sum, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { AppError } from '#shared/errors/codes.ts'
import { depositSeries } from '#shared/vocabulary/transfers.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { depositRule, openDepositLimit } from './deposit.ts'
import type { DepositTarget } from './deposit-ports.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { invoiceNumber } from './invoice.ts'
import { depositIssueEntry } from './ledger.ts'
import { queueMail } from './mails.ts'
import type { BillingStores } from './ports.ts'

export interface DepositToIssue { readonly clientId: string, readonly lines: readonly { readonly description: string, readonly amount: Money }[], /** Invoices that its credit is to pay, in this order. */ readonly targets: readonly DepositTarget[], readonly actor: Actor }

/**
 * Issues a deposit in the open transaction: an invoice over money that the client hands us to keep. No PPN, no revenue, a series of its
 * own; the client's credit does not pay it. @throws AppError deposits_open when too many wait for payment already
 */
export const issueDeposit = (deps: BillingDeps) => async (stores: BillingStores, { clientId, lines, targets, actor }: DepositToIssue): Promise<{ invoiceId: string, number: string }> => {
  const now = deps.clock.now()
  const client = await stores.billedClients.find(clientId)
  if (!client) throw new AppError('not_found')
  await stores.ledger.lockCredit(clientId)
  if ((await stores.deposits.openOf(clientId, openDepositLimit)).length >= openDepositLimit) throw new AppError('deposits_open', { params: { limit: openDepositLimit } })
  const total = sum(lines.map(line => line.amount))
  const none = zero(total.currency)
  const { calendar, policy } = deps.rules
  const { year } = calendar.dayOf(now)
  const sequence = await stores.invoices.takeSequence(depositSeries, year)
  const invoiceId = deps.newId()
  const number = invoiceNumber(depositSeries, year, sequence)
  const dueAt = calendar.shiftDays(now, policy.orderTermDays)
  const figures = { subtotal: total, discount: none, taxable: total, dpp: none, tax: none, total, taxRule: depositRule }
  await stores.invoices.insert({
    invoice: { id: invoiceId, clientId, orderId: null, series: depositSeries, year, sequence, number, ...figures, issuedAt: now, dueAt, buyer: client.party, seller: deps.seller },
    lines: lines.map(line => ({ kind: 'deposit', ...line, serviceId: null, periodStart: null, periodEnd: null })),
  })
  await stores.deposits.addTargets(invoiceId, targets)
  await recordTransition(stores, { entity: 'invoice', id: invoiceId, from: 'draft', to: 'issued', cause: 'issued', actor, at: now })
  await stores.ledger.post(depositIssueEntry({ at: now, actor: actorLabel(actor), clientId, invoiceId, memo: number, causeId: invoiceId }, total))
  await queueMail(deps, stores, { template: 'invoice_issued', key: `invoice-issued:${invoiceId}`, clientId, path: `/portal/invoices/${invoiceId}`, values: { number, total, amount: total, dueOn: dueAt } })
  hint(stores, 'invoice', invoiceId, clientId)
  return { invoiceId, number }
}

import { AppError } from '#shared/errors/codes.ts'
import { compare, formatMoney, money, subtract } from '#shared/money/money.ts'
import { writeOffLimit } from '#shared/money/write-off.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { isDeposit } from './deposit.ts'
import { auditStaff } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { writeOffEntry } from './ledger.ts'
import type { BillingStores } from './ports.ts'
import { settleInvoice } from './settle-invoice.ts'

/**
 * Accepts that an invoice was paid a little short: the rest is written off, with its PPN still owed to the state, and the invoice is paid.
 * Once per invoice. @throws AppError not_found, invoice_not_payable (paid or closed already), write_off_refused (nothing was paid yet, more
 * than the limit is missing, it was done before, or it is a deposit)
 */
export const writeOffRest = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => ({ invoiceId, reason, actor }: { readonly invoiceId: string, readonly reason: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice || invoice.status === 'draft') throw new AppError('not_found')
  if (invoice.status !== 'issued') throw new AppError('invoice_not_payable')
  const { currency } = invoice.total
  const rest = money((await stores.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n, currency)
  const asked = subtract(invoice.total, (await stores.creditNotes.creditedOf(invoiceId)).toInvoice)
  const refused = () => new AppError('write_off_refused', { params: { limit: formatMoney(writeOffLimit) } })
  if (isDeposit(invoice) || rest.amount <= 0n || compare(rest, writeOffLimit) > 0 || compare(rest, asked) >= 0) throw refused()
  const context = { causeId: invoiceId, at: deps.clock.now(), memo: `${invoice.number ?? invoiceId}: ${reason}`, actor: actorLabel(actor), clientId: invoice.clientId, invoiceId }
  if (!await stores.ledger.post(writeOffEntry(context, rest))) throw refused()
  await auditStaff(stores, { actor, action: 'invoice.write-off', entity: 'invoice', entityId: invoiceId, after: { amount: rest.amount.toString(), reason } })
  await settleInvoice(deps)(stores, { invoiceId, cause: 'written_off', causeId: `written-off:${invoiceId}`, actor })
})

import { AppError } from '#shared/errors/codes.ts'
import { compare, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { closeInvoice } from './close-invoice.ts'
import { isDeposit } from './deposit.ts'
import type { BillingDeps } from './deps.ts'
import { issueDeposit } from './issue-deposit.ts'
import type { BillingStores } from './ports.ts'

/** `describeDeposit`: what the line of a deposit says in the buyer's language. */
type Deps = BillingDeps & { readonly transact: Transact<BillingStores>, readonly describeDeposit: (locale: Locale) => string }
interface Answer { readonly invoiceId: string, readonly number: string }

/** A client adds funds: a deposit to be paid by any method. The contract keeps the amount within its limits. @throws AppError deposits_open */
export const topUp = (deps: Deps) => ({ clientId, amount, locale, actor }: { readonly clientId: string, readonly amount: Money, readonly locale: Locale, readonly actor: Actor }): Promise<Answer> =>
  deps.transact(stores => issueDeposit(deps)(stores, { clientId, lines: [{ description: deps.describeDeposit(locale), amount }], targets: [], actor }))

/**
 * Several unpaid invoices paid together: a deposit over what they ask for, which pays them in the order of their due times once it is paid.
 * The same choice again is answered by the deposit that waits already. @throws AppError not_found (one is not theirs), invoice_not_payable,
 * deposits_open
 */
export const payTogether = (deps: Deps) => ({ clientId, invoiceIds, actor }: { readonly clientId: string, readonly invoiceIds: readonly string[], readonly actor: Actor }): Promise<Answer> => deps.transact(async (stores) => {
  const chosen = []
  for (const invoiceId of [...new Set(invoiceIds)].sort()) {
    const invoice = await stores.invoices.lock(invoiceId)
    if (!invoice || invoice.clientId !== clientId) throw new AppError('not_found')
    if (invoice.status !== 'issued' || isDeposit(invoice)) throw new AppError('invoice_not_payable')
    chosen.push(invoice)
  }
  const owed = await stores.ledger.outstanding(chosen.map(invoice => invoice.id))
  const targets = chosen.sort((a, b) => (a.dueAt?.getTime() ?? 0) - (b.dueAt?.getTime() ?? 0) || (a.id < b.id ? -1 : 1)).map(invoice => ({ invoiceId: invoice.id, number: invoice.number ?? invoice.id, amount: money(owed.get(invoice.id) ?? 0n, invoice.total.currency) }))
  for (const depositId of await stores.deposits.openOf(clientId, 10)) {
    const waiting = await stores.deposits.targetsOf(depositId)
    if (waiting.length === targets.length && waiting.every((target, i) => target.invoiceId === targets[i]?.invoiceId && compare(target.amount, targets[i].amount) === 0)) return { invoiceId: depositId, number: (await stores.invoices.find(depositId))?.number ?? '' }
  }
  return issueDeposit(deps)(stores, { clientId, lines: targets.map(target => ({ description: target.number, amount: target.amount })), targets, actor })
})

/** A client thought better of a deposit: it is void, what was paid on it already is credit. @throws AppError not_found (no deposit of theirs), invoice_not_payable (paid, closed, or owed for credit that is spent) */
export const cancelDeposit = (deps: Deps) => ({ invoiceId, clientId, actor }: { readonly invoiceId: string, readonly clientId: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice || invoice.clientId !== clientId || !isDeposit(invoice)) throw new AppError('not_found')
  if (invoice.status !== 'issued' || await stores.deposits.held(invoiceId) !== invoice.total.amount) throw new AppError('invoice_not_payable')
  await closeInvoice(deps)(stores, { invoice, as: 'void', reason: 'cancelled_by_client', actor })
})

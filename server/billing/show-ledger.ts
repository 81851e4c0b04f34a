import { toMoneyJson } from '#shared/money/money.ts'
import type { LedgerAccount, LedgerCause } from '#shared/vocabulary/billing.ts'
import { ledgerChecks } from '#shared/vocabulary/billing.ts'
import type { PageRequest } from '../kernel/ports.ts'
import type { BillingStores, LedgerAudit } from './ports.ts'

interface Deps { readonly read: BillingStores }

/** Each account's debits, credits and balance (positive: debit); accounts that were never booked on stand at zero. */
export const showBalances = ({ read }: Deps) => async () => {
  const balances = await read.books.balances()
  return { items: balances.map(({ account, debit, credit, balance }) => ({ account, debit: toMoneyJson(debit), credit: toMoneyJson(credit), balance: toMoneyJson(balance) })) }
}

/** Entries with their lines, newest first. */
export const listEntries = ({ read }: Deps) => async (query: PageRequest & { readonly q?: string | undefined, readonly account?: LedgerAccount | undefined, readonly cause?: LedgerCause | undefined }) => {
  const page = await read.books.entries(query)
  return {
    ...page, items: page.items.map(({ sequence, hash, entry }) => ({
      id: entry.id, at: entry.at.toISOString(), cause: entry.cause, memo: entry.memo, actor: entry.actor, sequence, hash,
      lines: entry.lines.map(line => ({ account: line.account, invoiceId: line.invoiceId, gateway: line.gateway, amount: toMoneyJson(line.amount) })),
    })),
  }
}

export const toAuditView = ({ headSequence: _, headHash, ...audit }: LedgerAudit) => ({
  ...audit, startedAt: audit.startedAt.toISOString(), finishedAt: audit.finishedAt.toISOString(), headHash,
  checks: ledgerChecks.map(check => ({ check, passed: !audit.findings.some(finding => finding.check === check) })),
})

import { AppError } from '#shared/errors/codes.ts'
import { negate, toMoneyJson } from '#shared/money/money.ts'
import type { ManualEntryStatus } from '#shared/vocabulary/ledger.ts'
import type { PageRequest } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import type { ManualEntry } from './ledger-ports.ts'
import { needsSecondPerson } from './manual-entry.ts'
import type { BillingStores } from './ports.ts'

type Deps = Pick<BillingDeps, 'rules'> & { readonly read: BillingStores }

const toView = (deps: Deps, entry: ManualEntry) => ({
  id: entry.id, status: entry.status, day: deps.rules.calendar.isoDay(entry.at), reason: entry.reason, total: toMoneyJson(entry.total), secondPerson: needsSecondPerson(entry), reverses: entry.reverses, reversedBy: entry.reversedBy,
  proposedBy: entry.proposedBy, proposedAt: entry.proposedAt.toISOString(), decidedBy: entry.decidedBy, decidedAt: entry.decidedAt?.toISOString() ?? null, note: entry.note,
  lines: entry.lines.map(({ account, clientId, clientName, gateway, amount }) => ({ account, clientId, clientName, gateway, side: amount.amount > 0n ? 'debit' as const : 'credit' as const, amount: toMoneyJson(amount.amount > 0n ? amount : negate(amount)) })),
})

/** Entries by hand, newest first, and the limit above which they wait for a second person. */
export const listManualEntries = (deps: Deps) => async (query: PageRequest & { readonly status?: ManualEntryStatus | undefined }) => {
  const page = await deps.read.manualEntries.list(query)
  return { ...page, items: page.items.map(entry => toView(deps, entry)), approvalLimit: toMoneyJson(deps.rules.policy.manualEntryLimit) }
}

/** @throws AppError not_found */
export const showManualEntry = (deps: Deps) => async (id: string) => {
  const entry = await deps.read.manualEntries.find(id)
  if (!entry) throw new AppError('not_found')
  return toView(deps, entry)
}

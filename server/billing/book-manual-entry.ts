import { AppError } from '#shared/errors/codes.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { auditStaff, hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { creditTaken, manualJournalEntry, refuseOwnApproval } from './manual-entry.ts'
import type { ManualEntry } from './ledger-ports.ts'
import type { BillingStores } from './ports.ts'

export type StaffActor = Extract<Actor, { kind: 'user' }>
type Decision = { readonly entry: ManualEntry, readonly note: string | null, readonly actor: StaffActor }

/**
 * Books a proposed entry, locked in the open transaction.
 * @throws AppError second_person_required, period_closed (its month was closed meanwhile), credit_insufficient (it would take more of a client's credit than there is)
 */
export const bookManualEntry = (deps: Pick<BillingDeps, 'clock'>) => async (stores: BillingStores, { entry, note, actor }: Decision): Promise<void> => {
  refuseOwnApproval(entry, actor.id)
  const openFrom = await stores.periods.openFrom()
  if (openFrom && entry.at < openFrom) throw new AppError('period_closed')
  const credits = creditTaken(entry.lines)
  for (const [clientId, taken] of credits) {
    await stores.ledger.lockCredit(clientId)
    if (taken.amount > 0n && await stores.ledger.credit(clientId) < taken.amount) throw new AppError('credit_insufficient')
  }
  await decide(deps, stores, 'booked', { entry, note, actor })
  await stores.ledger.post(manualJournalEntry(entry, actorLabel(actor)))
  for (const clientId of credits.keys()) stores.live.publish({ audience: { userId: clientId }, name: 'payment', id: entry.id })
}

/** Takes a proposed, locked entry off the table: nothing is booked. Also for whoever wrote it. */
export const rejectManualEntry = (deps: Pick<BillingDeps, 'clock'>) => (stores: BillingStores, decision: Decision): Promise<void> => decide(deps, stores, 'rejected', decision)

async function decide({ clock }: Pick<BillingDeps, 'clock'>, stores: BillingStores, status: 'booked' | 'rejected', { entry, note, actor }: Decision) {
  if (entry.status !== 'proposed') throw new AppError('transition_refused', { params: { from: entry.status, to: status } })
  const now = clock.now()
  await stores.manualEntries.decide(entry.id, { status, decidedBy: actor.id, decidedAt: now, note })
  await recordTransition(stores, { entity: 'manual_entry', id: entry.id, from: 'proposed', to: status, cause: note ?? entry.reason, actor, at: now })
  await auditStaff(stores, { actor, action: status === 'booked' ? 'ledger.book_entry' : 'ledger.reject_entry', entity: 'manual_entry', entityId: entry.id, before: { status: 'proposed' }, after: { status, note, total: entry.total.amount.toString(), proposedBy: entry.proposedBy.id } })
  hint(stores, 'billing', entry.id)
}

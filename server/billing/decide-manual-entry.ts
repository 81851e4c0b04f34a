import { AppError } from '#shared/errors/codes.ts'
import type { Transact } from '../kernel/ports.ts'
import { bookManualEntry, rejectManualEntry } from './book-manual-entry.ts'
import type { StaffActor } from './book-manual-entry.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'

export interface ManualDecision { readonly id: string, readonly decision: 'approve' | 'reject', readonly note: string, readonly actor: StaffActor }

/**
 * Approves (and books) or rejects an entry that waits, once. @throws AppError not_found, transition_refused (decided already),
 * second_person_required, period_closed, credit_insufficient
 */
export const decideManualEntry = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => ({ id, decision, note, actor }: ManualDecision): Promise<void> =>
  deps.transact(async (stores) => {
    const entry = await stores.manualEntries.lock(id)
    if (!entry) throw new AppError('not_found')
    if (entry.status !== 'proposed') throw new AppError('transition_refused', { params: { from: entry.status, to: decision === 'approve' ? 'booked' : 'rejected' } })
    await (decision === 'approve' ? bookManualEntry(deps) : rejectManualEntry(deps))(stores, { entry, note, actor })
  })

import type { ManualEntryStatus } from '#shared/vocabulary/ledger.ts'

/** Booked is booked: what was wrong is taken back by another entry. */
export const manualEntryTransitions: Readonly<Record<ManualEntryStatus, readonly ManualEntryStatus[]>> = {
  proposed: ['booked', 'rejected'],
  booked: [],
  rejected: [],
}
export const initialManualEntryStatus: ManualEntryStatus = 'proposed'

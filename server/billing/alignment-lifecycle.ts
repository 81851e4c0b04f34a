import type { AlignmentStatus } from '#shared/vocabulary/billing.ts'

/** Services that are brought to one day: `waiting` for the money, and then one of three ends. */
export const alignmentTransitions: Readonly<Record<AlignmentStatus, readonly AlignmentStatus[]>> = { waiting: ['applied', 'lapsed', 'cancelled'], applied: [], lapsed: [], cancelled: [] }
export const initialAlignmentStatus: AlignmentStatus = 'waiting'

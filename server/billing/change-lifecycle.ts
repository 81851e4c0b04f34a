import type { ChangeStatus } from '#shared/vocabulary/billing.ts'

/**
 * A change of a service's product or cycle. `waiting`: for the money (at once) or for its period (at renewal). `applied`: product and price
 * are the new ones. `done`: the machine was read back with the new size, or needed none. Nothing that was applied is taken back; only the
 * end of the service leaves its machine behind.
 */
export const changeTransitions: Readonly<Record<ChangeStatus, readonly ChangeStatus[]>> = {
  waiting: ['applied', 'lapsed', 'cancelled'],
  applied: ['done', 'lapsed'],
  done: [],
  lapsed: [],
  cancelled: [],
}
export const initialChangeStatus: ChangeStatus = 'waiting'

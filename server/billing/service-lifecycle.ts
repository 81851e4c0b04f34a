import type { ServiceStatus } from '#shared/vocabulary/billing.ts'

/** The commercial side of a service. Nothing leaves `ended`: late money becomes credit, a new start is a new order. */
export const serviceTransitions: Readonly<Record<ServiceStatus, readonly ServiceStatus[]>> = {
  pending: ['active', 'ended'],
  active: ['past_due', 'suspended', 'ended'],
  past_due: ['active', 'suspended', 'ended'],
  suspended: ['active', 'ended'],
  ended: [],
}
export const initialServiceStatus: ServiceStatus = 'pending'

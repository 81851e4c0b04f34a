import type { ResourceStatus } from '#shared/vocabulary/machines.ts'

/** From where a machine's state may go where. The database holds the same pairs (`allowed_transitions`); only sagas write the state. */
export const resourceTransitions = {
  none: ['provisioning', 'destroyed'],
  provisioning: ['ready', 'error', 'destroying'],
  ready: ['stopped_by_policy', 'error', 'destroying', 'provisioning', 'unlinked'],
  stopped_by_policy: ['ready', 'error', 'destroying', 'provisioning', 'unlinked'],
  error: ['provisioning', 'ready', 'stopped_by_policy', 'destroying', 'unlinked'],
  destroying: ['destroyed', 'error'],
  destroyed: [],
  unlinked: ['provisioning', 'destroyed'],
} as const satisfies Record<ResourceStatus, readonly ResourceStatus[]>

export const mayMoveResource = (from: ResourceStatus, to: ResourceStatus): boolean => (resourceTransitions[from] as readonly ResourceStatus[]).includes(to)

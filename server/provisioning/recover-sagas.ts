import type { ProvisioningStores } from './ports.ts'
import type { followBilling, FollowDeps } from './follow-billing.ts'

export interface RecoverDeps extends FollowDeps { readonly read: Pick<ProvisioningStores, 'sagas' | 'serviceControl'>, readonly follow: ReturnType<typeof followBilling> }

const batch = 200

/**
 * The safety net, every minute: sagas that are due with nobody at work (their worker was lost) get a worker, and services whose state asks
 * for a saga that nobody began get one. Harmless to run at any time, by any number of processes.
 */
export const recoverSagas = (deps: RecoverDeps) => async (): Promise<{ due: number, neglected: number }> => {
  const due = await deps.read.sagas.listDue(deps.wallClock.now(), batch)
  if (due.length > 0) {
    await deps.transact(async (stores) => {
      for (const sagaId of due) await stores.outbox.emit('provisioning.saga-due', { sagaId }, { singletonKey: sagaId })
    })
  }
  const neglected = await deps.read.serviceControl.listNeglected(batch)
  for (const { serviceId, want } of neglected) await deps.follow({ kind: want, serviceId, cause: 'recovery' })
  return { due: due.length, neglected: neglected.length }
}

import type { Clock, Log, Transact } from '../kernel/ports.ts'
import { openSaga } from './open-saga.ts'
import type { OpenSagaInput, Opening } from './open-saga.ts'
import { provisioningActor } from './step.ts'
import type { ProvisioningStores } from './ports.ts'

export interface FollowDeps { readonly transact: Transact<ProvisioningStores>, readonly clock: Clock, readonly wallClock: Clock, readonly log: Log }

/** For how long an event waits before it asks again whether the open saga has ended. */
const againSeconds = 5
const events = { provision: 'billing.service-paid', suspend: 'billing.service-suspended', resume: 'billing.service-resumable', terminate: 'billing.service-ended', resize: 'billing.service-changed' } as const

/**
 * Does what billing's event asks of the machine: one saga, or none when the event was overtaken. While another saga of the service is at
 * work the event is put back, so that none is lost and none cuts into another.
 */
export const followBilling = (deps: FollowDeps) => async (input: { readonly kind: OpenSagaInput['kind'], readonly serviceId: string, readonly cause: string }): Promise<Opening> => {
  const opening = await deps.transact(async (stores) => {
    const decided = await openSaga(stores, { ...input, actor: `system:${provisioningActor.name}`, at: deps.clock.now(), wallNow: deps.wallClock.now() })
    if (decided.kind === 'later') {
      const { serviceId, cause } = input
      await stores.outbox.emit(events[input.kind], { serviceId, reason: cause, invoiceId: cause }, { singletonKey: `again:${serviceId}`, startAfterSeconds: againSeconds })
    }
    return decided
  })
  deps.log.info({ service: input.serviceId, saga: input.kind, opening: opening.kind, ...(opening.kind === 'nothing' ? { why: opening.why } : {}) }, 'billing event')
  return opening
}

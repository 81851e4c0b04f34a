import type { z } from 'zod'
import type { adminServiceActionBody } from '#shared/contracts/admin.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { EndService, MarkServiceActive, ResumeService, SuspendService } from '../billing/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { openPowerSaga } from './open-saga.ts'
import type { ProvisioningStores, ScheduleCancellation, SetHold } from './ports.ts'
import { retrySaga } from './retry-saga.ts'
import { skipStep } from './skip-step.ts'

export interface AdminServiceDeps { readonly transact: Transact<ProvisioningStores>, readonly clock: Clock, readonly wallClock: Clock, readonly markServiceActive: MarkServiceActive, readonly suspendService: SuspendService, readonly resumeService: ResumeService, readonly endService: EndService, readonly setHold: SetHold, readonly scheduleCancellation: ScheduleCancellation }
export type AdminServiceAction = z.output<typeof adminServiceActionBody>

/**
 * What staff do to a service. Entitlement is changed by billing's functions; the machine follows by saga, as it always does. Written to
 * the audit log. Work is delivered by their word, once it is paid. @throws AppError not_found, transition_refused, work_unpaid, nothing_to_suspend, service_suspended, service_not_ready, action_in_progress, step_not_skippable, invalid_input
 */
export const actOnAdminService = (deps: AdminServiceDeps) => async ({ id, act, actor }: { readonly id: string, readonly act: AdminServiceAction, readonly actor: Actor }): Promise<void> => {
  if (act.action === 'hold') return deps.setHold({ serviceId: id, until: new Date(act.until), reason: act.reason, actor })
  if (act.action === 'release_hold') return deps.setHold({ serviceId: id, until: null, reason: '', actor })
  await deps.transact(async (stores) => {
    const hostname = await stores.serviceControl.hostname(id)
    if (hostname === null) throw new AppError('not_found')
    switch (act.action) {
      // Billing takes its locks in an order of its own (invoices before services) and writes its own audit rows.
      case 'suspend':
        if ((await stores.serviceControl.lock(id))?.byHand) throw new AppError('nothing_to_suspend')
        return deps.suspendService(stores, { serviceId: id, reason: act.suspensionReason, note: act.reason, actor })
      case 'resume': return deps.resumeService(stores, { serviceId: id, note: act.reason, actor })
      case 'terminate':
        if (act.hostname !== hostname) throw fieldError('hostname', 'hostname_mismatch')
        return deps.endService(stores, { serviceId: id, reason: 'request', note: act.reason, actor })
      case 'cancel':
        if (act.hostname !== hostname) throw fieldError('hostname', 'hostname_mismatch')
        return deps.scheduleCancellation(stores, { serviceId: id, clientId: null, cancel: true, why: { reason: 'other', note: act.reason }, actor })
      case 'keep': return deps.scheduleCancellation(stores, { serviceId: id, clientId: null, cancel: false, why: { reason: null, note: null }, actor })
      case 'deliver': await deliver(deps, stores, id, actor); break
      case 'retry': await retrySaga(stores, { serviceId: id, actor: actorLabel(actor), at: deps.clock.now() }); break
      case 'skip': {
        const saga = await skipStep(stores, { serviceId: id, step: act.step, reason: act.reason, actor, at: deps.clock.now(), wallNow: deps.wallClock.now() })
        return stores.audit.record({ actor, action: 'service.skip', entity: 'service', entityId: id, after: { task: saga.kind, step: act.step, reason: act.reason } })
      }
      default: await openPowerSaga(stores, { serviceId: id, action: act.action, actor: actorLabel(actor) })
    }
    await stores.audit.record({ actor, action: `service.${act.action}`, entity: 'service', entityId: id })
  })
}

async function deliver(deps: AdminServiceDeps, stores: ProvisioningStores, id: string, actor: Actor): Promise<void> {
  const service = await stores.serviceControl.lock(id)
  if (!service?.byHand || service.status !== 'pending') throw new AppError('transition_refused', { params: { from: service?.status ?? 'ended', to: 'active' } })
  if (!await stores.serviceControl.isPaid(id)) throw new AppError('work_unpaid')
  await deps.markServiceActive(stores, { serviceId: id, cause: 'delivered', actor, byHand: true })
}

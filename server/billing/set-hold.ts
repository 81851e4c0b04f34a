import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingStores } from './ports.ts'

/** Keeps the calendar's hands off one service until a moment (null: releases it). @throws AppError not_found */
export const setHold = (deps: { readonly transact: Transact<BillingStores> }) => ({ serviceId, until, reason, actor }: { readonly serviceId: string, readonly until: Date | null, readonly reason: string, readonly actor: Actor }): Promise<void> =>
  deps.transact(async (stores) => {
    const service = await stores.subscriptions.lock(serviceId)
    if (!service) throw new AppError('not_found')
    await stores.subscriptions.setHold(serviceId, until, until ? reason : null)
    await auditStaff(stores, { actor, action: until ? 'service.hold' : 'service.release_hold', entity: 'service', entityId: serviceId, before: { until: service.holdUntil, reason: service.holdReason }, after: { until, reason } })
    hint(stores, 'service', serviceId)
  })

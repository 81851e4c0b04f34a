import type { Locale } from '#shared/vocabulary/catalog.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, NewId } from '../kernel/ports.ts'
import type { AuditRecord } from '../audit/ports.ts'
import { alignmentTransitions } from './alignment-lifecycle.ts'
import { changeTransitions } from './change-lifecycle.ts'
import { invoiceTransitions } from './invoice-lifecycle.ts'
import { manualEntryTransitions } from './manual-entry-lifecycle.ts'
import { orderTransitions } from './order-lifecycle.ts'
import type { BillingHooks, BillingStores, ComputeTax, DescribeBuyerFee, Party } from './ports.ts'
import { serviceTransitions } from './service-lifecycle.ts'
import type { PlanRules } from './service-plan.ts'

/** What every use case of billing is made from. */
export interface BillingDeps {
  readonly clock: Clock
  readonly newId: NewId
  readonly rules: PlanRules
  readonly seller: Party
  readonly computeTax: ComputeTax
  /** The public address, without a trailing slash. */
  readonly baseUrl: string
  /** The line of a late fee in its buyer's language, with a place for the late invoice's `{number}`. */
  readonly describeLateFee: (locale: Locale) => string
  readonly describeBuyerFee: DescribeBuyerFee
  /** Told by other modules after composition; asked at each call. */
  readonly hooks: () => BillingHooks
}

export const systemActor = (name: string): Actor => ({ kind: 'system', name })

type Change = { readonly entity: 'service' | 'invoice' | 'order' | 'manual_entry' | 'change' | 'alignment', readonly id: string, readonly from: string, readonly to: string, readonly cause: string, readonly actor: Actor, readonly at: Date }
const tables: Record<Change['entity'], Readonly<Record<string, readonly string[]>>> = { service: serviceTransitions, invoice: invoiceTransitions, order: orderTransitions, manual_entry: manualEntryTransitions, change: changeTransitions, alignment: alignmentTransitions }

/** Every change of a state leaves a row: from, to, why, who, when. @throws RangeError for a pair that the lifecycle does not know. */
export async function recordTransition(stores: BillingStores, ...changes: readonly Change[]): Promise<void> {
  for (const { entity, from, to } of changes) if (!tables[entity][from]?.includes(to)) throw new RangeError(`${entity} may not go from ${from} to ${to}`)
  await stores.transitions.record(...changes.map(({ id, actor, ...change }) => ({ ...change, entityId: id, actor: actorLabel(actor) })))
}

/** What staff did is audited; what the system or a client did has its transitions. */
export async function auditStaff(stores: BillingStores, entry: AuditRecord): Promise<void> {
  if (entry.actor.kind === 'user' && entry.actor.role !== 'client') await stores.audit.record(entry)
}

export function hint(stores: BillingStores, name: 'invoice' | 'service' | 'billing', id: string, clientId?: string): void {
  if (clientId) stores.live.publish({ audience: { userId: clientId }, name, id })
  stores.live.publish({ audience: 'staff', name, id })
}

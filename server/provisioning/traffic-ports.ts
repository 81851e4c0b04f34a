import type { ConnectionKind, ResourceStatus } from '#shared/vocabulary/machines.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { Traffic, TrafficStep, TrafficTerms } from '#shared/vocabulary/traffic.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

/** Of a machine that is measured by samples, in one month: the time that they cover, the time that none does for good, and how far behind its last reading they ended. */
export interface TrafficSamples { readonly measuredSeconds: number, readonly missedSeconds: number, readonly lagSeconds: number }
/** `readAt`: when it was last read in the month; null: not yet. `samples` null: its hypervisor has counters. */
export interface TrafficRead { readonly readAt: Date | null, readonly samples: TrafficSamples | null }

/** How a service stands against the traffic that it was sold with, in one month. */
export interface TrafficStanding extends Traffic, TrafficRead {
  readonly serviceId: string, readonly status: ServiceStatus, readonly terms: TrafficTerms | null, /** As it was sold. */ readonly rateMbps: number
  readonly resourceStatus: ResourceStatus | null, readonly connectionKind: ConnectionKind | null, /** As wished; null: it is not slowed down. */ readonly capMbps: number | null, readonly capPending: boolean, readonly capAt: Date | null
  readonly told80: boolean, readonly told100: boolean
  readonly clientId: string, readonly hostname: string
}
export interface TrafficAddressee { readonly clientName: string, readonly clientEmail: string, readonly locale: Locale, readonly product: string }
export interface TrafficMonth extends Traffic, TrafficRead { readonly month: string }
export interface TrafficConsumer extends Traffic, TrafficRead { readonly serviceId: string, readonly hostname: string, readonly clientId: string, readonly clientName: string, readonly terms: TrafficTerms | null, readonly capMbps: number | null, readonly capPending: boolean }
export type TrafficOrder = 'bytes' | 'share'

export interface TrafficStore {
  /** Services of which somebody has to be told, or whose machine has to be slowed down or not any more, as far as a query can tell; at most so many. `triedBefore`: a wish that could not be carried out is tried again when the last task is older. */
  due(month: string, triedBefore: Date, limit: number): Promise<string[]>
  /** Null: no such service. */
  standing(serviceId: string, month: string): Promise<TrafficStanding | null>
  addressee(serviceId: string): Promise<TrafficAddressee | null>
  markTold(serviceId: string, month: string, step: TrafficStep, at: Date): Promise<void>
  /** The newest first, at most so many. */
  months(serviceId: string, limit: number): Promise<TrafficMonth[]>
  /** Who moved most in a month, or most of what is included. */
  top(filter: PageRequest & { readonly month: string, readonly q?: string | undefined, readonly order: TrafficOrder }): Promise<Page<TrafficConsumer>>
}

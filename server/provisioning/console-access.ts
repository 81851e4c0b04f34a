import type { ErrorCode } from '#shared/errors/codes.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { ConsoleEnd, ResourceStatus } from '#shared/vocabulary/machines.ts'
import type { Actor } from '../kernel/ports.ts'
import type { ServiceSummary } from './ports.ts'

export type UserActor = Extract<Actor, { kind: 'user' }>
/** What a ticket stands for: one console, for one person, as long as his session. */
export interface ConsoleGrant { readonly serviceId: string, readonly actor: UserActor, readonly sessionId: string, /** Opened as staff, not as the owner. */ readonly staff: boolean }
/** Tickets are secrets that lapse by themselves; where they are kept, only their hash stands. */
export interface ConsoleTickets {
  issue(grant: ConsoleGrant): Promise<{ readonly ticket: string, readonly expiresInSeconds: number }>
  /** Of many who bring the same ticket one gets its grant. */
  take(ticket: string): Promise<ConsoleGrant | null>
}

/** Null: the console may be opened, by what we know. One function for pages and for the act itself. */
export function consoleRefusal({ status, resourceStatus, power, connectionKind, connectionConsole, machineType }: Pick<ServiceSummary, 'status' | 'resourceStatus' | 'power' | 'connectionKind' | 'connectionConsole' | 'machineType'>): ErrorCode | null {
  if (status === 'suspended') return 'service_suspended'
  if ((status !== 'active' && status !== 'past_due') || resourceStatus !== 'ready' || connectionKind === null) return 'service_not_ready'
  if (!connectionConsole && !machineCapabilities(connectionKind, machineType)?.console) return 'console_unsupported'
  return power === 'stopped' ? 'machine_not_running' : null
}

/** Whether an open console has to be closed, and why. */
export function consoleEndOf(standing: { readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus } | undefined): ConsoleEnd | null {
  if (!standing || standing.status === 'ended') return 'ended'
  if (standing.status === 'suspended') return 'suspended'
  return (standing.status === 'active' || standing.status === 'past_due') && standing.resourceStatus === 'ready' ? null : 'not_ready'
}

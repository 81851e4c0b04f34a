import type { Role } from '#shared/vocabulary/roles.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { SagaHistory, SagaRow } from './ports.ts'

/** Of one act who did it: `actor` as `actorLabel` names him, and his name where he has an account. */
interface ActedBy { readonly actor: string, readonly name: string | null }
export interface TaskAct extends ActedBy {
  readonly source: 'task', readonly saga: SagaRow, readonly steps: SagaHistory['steps'],
  /** The change of the service that it carries out (a suspension, an end): why, and by whom. */ readonly wanted: { readonly cause: string, readonly actor: string } | null
}
export interface NoteAct extends ActedBy { readonly source: 'note', readonly id: string, readonly action: string, readonly at: Date, readonly role: Role | null }
export interface HistoryStore {
  /** What was done with a service, the newest first, in a fixed number of queries. `forClient`: only what he may know of. */
  list(serviceId: string, page: PageRequest, forClient: boolean): Promise<Page<TaskAct | NoteAct>>
}
/** Written down beside a task that says the same: shown once. */
export const toldByTasks = ['start', 'shutdown', 'stop', 'reboot', 'suspend', 'resume', 'terminate', 'snapshot_create', 'snapshot_rollback', 'snapshot_delete', 'reinstall', 'firewall', 'change-password', 'backup_create', 'backup_restore', 'backup_delete', 'access_password', 'access_keys', 'access_hostname', 'rescue', 'end_rescue', 'move', 'ipv6', 'adopt', 'unlink', 'build', 'rebuild'].map(action => `service.${action}`)
/** What a client may know of; all else is between staff. */
export const toldToClients = ['console', 'reverse-dns', 'cancel', 'keep', 'end', 'change', 'cancel_change', 'open-panel', 'deliver', 'retry', 'cancel_task', 'backup_schedule', 'check-certificates', 'home-backup'].map(action => `service.${action}`)

import type { AccountRef } from './panel-web-ports.ts'

/** A backup that a panel made by its own plan and can restore an account from. `date` is the panel's, `YYYY-MM-DD`. */
export interface RestorePoint { readonly date: string, /** The panel's name of where it lies: `local` is the server itself. */ readonly where: string, /** What people call that place; null: the server itself. */ readonly place: string | null }
/** A restore, told from every earlier one of the same account. Kept before it is asked for. */
export interface RestoreHandle { readonly user: string, readonly date: string, readonly where: string, /** When the newest earlier restore of the account began, by the panel's clock; 0: there is none. */ readonly after: number }
/** `unknown`: the panel's queue does not know of it. */
export type RestoreState
  = | { readonly state: 'unknown' } | { readonly state: 'queued' } | { readonly state: 'running' }
    | { readonly state: 'done', /** The panel's words; null: nothing is wrong. */ readonly warning: string | null } | { readonly state: 'failed', readonly message: string }
/** A whole backup in the account's own home directory. It grows while it is made. */
export interface HomeBackup { readonly file: string, readonly sizeBytes: number, readonly changedAt: Date }

/**
 * Backups of accounts. Part of `PanelDriver`; its guarantees hold here. A backup from before the account's birth is somebody else's, who had its user name
 * once: it is neither told nor restored.
 */
export interface PanelBackups {
  /** Of every account that this token sees, by its birth: the day of its newest backup, null where there is none. A list: it proves nothing about a single account. Null: the panel does not tell this token. */
  newestBackups(): Promise<{ readonly birth: string, readonly date: string | null }[] | null>
  /** Newest first, at most a hundred; null: the panel does not tell this token. */
  restorePoints(account: AccountRef): Promise<RestorePoint[] | null>
  /** Looks and acts on nothing. @throws DriverError permanent when there is no such backup, retryable while another restore of the account waits or runs */
  prepareRestore(account: AccountRef, point: Pick<RestorePoint, 'date' | 'where'>): Promise<RestoreHandle>
  /** Queues it, once, and sets the queue going. Queued, running or over already: no second one is queued. */
  startRestore(account: AccountRef, handle: RestoreHandle): Promise<void>
  /** Proves nothing of the account: while it is restored it may look like anything. */
  restoreState(handle: RestoreHandle): Promise<RestoreState>
  /** Asks for a whole backup in the account's home directory, made in the background. @throws DriverError permanent while the account is suspended */
  backUpToHome(account: AccountRef): Promise<void>
  /** Newest first, at most fifty; null: the panel does not tell this token. */
  homeBackups(account: AccountRef): Promise<HomeBackup[] | null>
}

/**
 * How an act on a remote system ended badly.
 * - `retryable`: it did not happen, and may work later (after `afterSeconds`, if known).
 * - `action_required`: it cannot work before somebody does something (`who` and what, in the message).
 * - `permanent`: it will never work as asked.
 * - `unknown_outcome`: it may have happened. Never repeat blindly: inspect first.
 * - `not_ours`: the machine lacks our ownership mark; nothing was touched.
 * - `not_found`: the remote object does not exist.
 */
export const driverErrorKinds = ['retryable', 'action_required', 'permanent', 'unknown_outcome', 'not_ours', 'not_found'] as const
export type DriverErrorKind = typeof driverErrorKinds[number]

export class DriverError extends Error {
  readonly kind: DriverErrorKind
  readonly afterSeconds: number | undefined
  /** Who can help, for `action_required`. */
  readonly who: 'sysadmin' | 'finance' | 'client' | undefined
  /** What exactly stood in the way, where the caller has a way around it. */
  readonly about: 'name_taken' | 'changed_elsewhere' | undefined
  constructor(kind: DriverErrorKind, message: string, options: { afterSeconds?: number, who?: 'sysadmin' | 'finance' | 'client', about?: 'name_taken' | 'changed_elsewhere', cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DriverError'
    this.kind = kind
    this.afterSeconds = options.afterSeconds
    this.who = options.who
    this.about = options.about
  }
}

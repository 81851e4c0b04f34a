import { DriverError } from '#shared/errors/driver-error.ts'
import type { DriverErrorKind } from '#shared/errors/driver-error.ts'
import type { PanelDriver } from '#server/infrastructure/panel-ports.ts'

/** What a bench can do to an account's sites behind the driver's back. */
export interface WebBench {
  certify(user: string, domain: string, certificate: { readonly issuer: string, readonly validUntil: Date, readonly selfSigned: boolean }): void
  addAddon(user: string, domain: string): void
  failRenewal(user: string, domain: string, why: string): void
  setTraffic(user: string, bytes: Record<string, number>): void
  /** The token may not see what an account's own API tells. */
  hideWeb(): void
}

/** What a bench can do to backups and restores behind the driver's back. */
export interface BackupBench {
  /** The token may see backups and restore from them, from now on. */
  allowBackups(): void
  /** One night's backup of an account as it is now; `remote`: it lies at `PanelBench.remote`. */
  backUp(user: string, day: string, where?: 'remote'): void
  /** The panel's name of another place for backups, which people call "Gudang". */
  readonly remote: string
  slowRestores(): void
  endRestores(how: { readonly failed?: string, readonly warned?: string }): void
  /** How many were queued. */
  restores(): number
}

/** A control panel under test, its wires and its faults; each driver's test file brings one. */
export interface PanelBench extends WebBench, BackupBench {
  readonly driver: PanelDriver
  readonly packages: readonly [string, string]
  /** The next such act is carried out and never answered. */
  loseAnswer(act: 'create' | 'suspend' | 'resume' | 'remove' | 'change_package' | 'password' | 'create_package' | 'restore'): void
  /** Such acts are answered as done and do nothing. */
  lieAbout(act: 'create' | 'suspend' | 'resume' | 'remove' | 'change_package' | 'hand_over' | 'create_package' | 'restore'): void
  /** The panel refuses the token from now on. */
  refuseToken(): void
  takeRight(act: 'create' | 'suspend' | 'remove'): void
  removePackage(name: string): void
  fillLicence(): void
  /** Somebody else's account, made by hand. */
  addForeign(user: string, domain: string, email?: string): void
  suspendByHand(user: string, reason: string): void
  rename(user: string, to: string): void
  setContact(user: string, email: string): void
  /** The raw state of an account, to compare before and after. */
  snapshot(user: string): string | null
  passwordOf(user: string): string | null
  countAccounts(): number
  /** How many acts were sent. */
  writes(): number
  close(): Promise<void>
}

export const mark = '0190a000-0000-7000-8000-00000000abcd'
export const otherMark = '0190a000-0000-7000-8000-00000000ffff'
export const password = 'Rahasia-sekali-9182'
export const failureOf = async (work: Promise<unknown>): Promise<DriverError> => {
  const thrown = await work.then(() => null, (error: unknown) => error)
  if (!(thrown instanceof DriverError)) throw thrown ?? new Error('nothing was thrown')
  return thrown
}
export const kindOf = async (work: Promise<unknown>): Promise<DriverErrorKind> => (await failureOf(work)).kind

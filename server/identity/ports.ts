import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { ProfileReader } from '../clients/ports.ts'
import type { Clock, KernelStores, Log, NewId, SecretBox, Transact } from '../kernel/ports.ts'
import type { MailOutbox } from '../notifications/ports.ts'

export interface User {
  readonly id: string
  /** Lower case, as every look-up is. */
  readonly email: string
  readonly name: string
  readonly passwordHash: string
  readonly role: Role
  readonly locale: Locale
  readonly emailVerifiedAt: Date | null
  /** Sealed; set up but not yet confirmed while `totpEnabledAt` is null. */
  readonly totpSecret: string | null
  readonly totpEnabledAt: Date | null
  readonly createdAt: Date
}
export type UserChange = Partial<Pick<User, 'name' | 'locale' | 'passwordHash' | 'emailVerifiedAt' | 'totpSecret' | 'totpEnabledAt'>> & { readonly totpLastStep?: number | null }

export interface Users {
  find(id: string): Promise<User | null>
  /** Whatever the case of its letters. */
  findByEmail(email: string): Promise<User | null>
  /** False when the address is taken. */
  insert(user: User): Promise<boolean>
  update(id: string, change: UserChange): Promise<void>
  /** True once per time step, and never for an earlier one: of many takers of one code one gets it. */
  takeTotpStep(id: string, step: number): Promise<boolean>
}

/** Who of the house is told what. */
export interface StaffDirectory {
  /** Those who run machines: verified sysadmins, and owners where there is no sysadmin; at most fifty. */
  runMachines(): Promise<Pick<User, 'id' | 'email' | 'name' | 'locale'>[]>
}

export interface Session { readonly id: string, readonly userId: string, readonly createdAt: Date, readonly lastUsedAt: Date, readonly expiresAt: Date, readonly endedAt: Date | null, readonly userAgent: string | null, readonly ip: string | null }
export type EndReason = 'logged_out' | 'ended_by_user' | 'password_changed' | 'password_reset' | 'refresh_token_reused'
/** What is known of a caller's session at one moment. */
export interface SessionState { readonly userId: string, readonly name: string, readonly role: Role, readonly usable: boolean }

export interface Sessions {
  insert(session: Session): Promise<void>
  /** The session together with its user, as they are now; null when there is none. */
  state(id: string, now: Date): Promise<SessionState | null>
  /** Sessions that are neither ended nor lapsed, the last used first, at most a hundred. */
  listOpen(userId: string, now: Date): Promise<Session[]>
  touch(id: string, at: Date, expiresAt: Date): Promise<void>
  /** False when this user has no such open session. */
  end(id: string, userId: string, because: EndReason, at: Date): Promise<boolean>
  /** Ends all open sessions of the user but `exceptId`; answers their ids. */
  endAll(userId: string, because: EndReason, at: Date, exceptId?: string): Promise<string[]>
  /** Forgets sessions of the user that ended or lapsed before `moment`, and their tokens. */
  forgetBefore(userId: string, moment: Date): Promise<void>
}

export interface RefreshToken { readonly tokenHash: string, readonly sessionId: string, readonly createdAt: Date, readonly expiresAt: Date, readonly usedAt: Date | null }
export interface RefreshTokens {
  insert(token: Omit<RefreshToken, 'usedAt'>): Promise<void>
  /** Locks the row until the transaction ends. */
  lock(hashes: readonly string[]): Promise<(RefreshToken & { readonly userId: string }) | null>
  markUsed(tokenHash: string, at: Date): Promise<void>
}

export interface RecoveryCodes {
  /** Replaces all codes of the user; an empty list removes them. */
  replace(userId: string, hashes: readonly string[]): Promise<void>
  /** True when one of the hashes is an unused code of the user; it is used then. */
  use(userId: string, hashes: readonly string[], at: Date): Promise<boolean>
}

export interface IdentityStores extends KernelStores { readonly users: Users, readonly sessions: Sessions, readonly refreshTokens: RefreshTokens, readonly recoveryCodes: RecoveryCodes, readonly mail: MailOutbox, readonly profiles: ProfileReader }

/** The transient store; each operation is atomic. */
export interface Transient {
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlSeconds: number): Promise<void>
  setIfAbsent(key: string, value: string, ttlSeconds: number): Promise<boolean>
  take(key: string): Promise<string | null>
  increment(key: string, ttlSeconds: number): Promise<number>
  secondsLeft(key: string): Promise<number>
  delete(key: string): Promise<void>
}

export interface PasswordHasher { hash(plain: string): Promise<string>, verify(hash: string, plain: string): Promise<boolean> }

export interface AccessClaims { readonly userId: string, readonly sessionId: string, readonly role: Role }
/** HS256 and nothing else. `lapsed` is a token of ours whose time is over; `refused` is everything else that is not valid. */
export interface AccessTokens {
  issue(claims: AccessClaims, now: Date, lifetimeSeconds: number): Promise<string>
  read(token: string, now: Date): Promise<{ readonly state: 'valid', readonly claims: AccessClaims } | { readonly state: 'lapsed' } | { readonly state: 'refused' }>
}

/** RFC 6238: SHA-1, six digits, thirty seconds, as every authenticator app takes it. */
export interface TotpCodes {
  newSecret(): string
  /** For the authenticator app: `otpauth://totp/…`. */
  uri(secret: string, account: string): string
  /** An SVG with a title-free, self-contained drawing. */
  qrSvg(uri: string): Promise<string>
  /** The time step that the code belongs to (one step of clock difference is allowed), or null. */
  stepOf(secret: string, code: string, now: Date): Promise<number | null>
}

export interface Randomness {
  /** Uniform decimal digits. */
  digits(count: number): string
  /** 256 bits, URL-safe. */
  token(): string
  /** `xxxxx-xxxxx` of 32 letters and digits: 50 bits. */
  recoveryCode(): string
}

/** A keyed hash for what must be found again but never read. After a change of keys `candidates` still has the older keys' hashes. */
export interface KeyedHash { of(text: string): string, candidates(text: string): readonly string[] }

export interface IdentityDeps {
  readonly read: IdentityStores
  readonly transact: Transact<IdentityStores>
  readonly transient: Transient
  /** The wall clock: security never runs on the demo's clock. */
  readonly clock: Clock
  readonly newId: NewId
  readonly passwords: PasswordHasher
  readonly secrets: SecretBox
  readonly tokens: AccessTokens
  readonly totp: TotpCodes
  readonly random: Randomness
  readonly keyed: KeyedHash
  /** Answers not before so many milliseconds have passed, so that known and unknown addresses take the same time. */
  readonly atLeast: <T>(milliseconds: number, work: () => Promise<T>) => Promise<T>
  readonly log: Log
  readonly baseUrl: string
  readonly timeZone: string
}

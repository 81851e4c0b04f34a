import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { roles } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { id, instant, oneOf, word } from './columns.ts'

export const users = pgTable('users', {
  id: id(), email: text().notNull(), name: text().notNull(), passwordHash: text().notNull(), role: word<Role>().notNull().default('client'), locale: word<Locale>().notNull().default('id'),
  emailVerifiedAt: instant(),
  /** Set up but not yet confirmed while `totpEnabledAt` is null. Encrypted with the application's key. */
  totpSecret: text(), totpEnabledAt: instant(),
  /** The last TOTP time step that was accepted: a code is good once. */
  totpLastStep: integer(),
  createdAt: instant().notNull(),
}, t => [uniqueIndex('users_email').on(sql`lower(${t.email})`), check('users_role', oneOf(t.role, roles)), index('users_created').on(t.createdAt), index('users_staff').on(t.role).where(sql`role <> 'client'`)])

export const recoveryCodes = pgTable('recovery_codes', {
  userId: uuid().notNull().references(() => users.id, { onDelete: 'cascade' }), codeHash: text().notNull(), usedAt: instant(),
}, t => [primaryKey({ columns: [t.userId, t.codeHash] })])

/** Public keys that a client keeps with the account, to pick from when a machine is made. A key is known by its fingerprint. */
export const sshKeys = pgTable('ssh_keys', {
  id: id(), clientId: uuid().notNull().references(() => users.id, { onDelete: 'cascade' }), name: text().notNull(), publicKey: text().notNull(), fingerprint: text().notNull(), createdAt: instant().notNull(),
}, t => [uniqueIndex('ssh_keys_client').on(t.clientId, t.fingerprint)])

/** One log-in on one device; its refresh tokens follow one another. */
export const sessions = pgTable('sessions', {
  id: id(), userId: uuid().notNull().references(() => users.id, { onDelete: 'cascade' }), createdAt: instant().notNull(), lastUsedAt: instant().notNull(), expiresAt: instant().notNull(), endedAt: instant(), endedBecause: text(), userAgent: text(), ip: text(),
}, t => [index('sessions_user').on(t.userId)])

export const refreshTokens = pgTable('refresh_tokens', {
  tokenHash: text().primaryKey(), sessionId: uuid().notNull().references(() => sessions.id, { onDelete: 'cascade' }), createdAt: instant().notNull(), expiresAt: instant().notNull(), usedAt: instant(),
}, t => [index('refresh_tokens_session').on(t.sessionId)])

export const clientProfiles = pgTable('client_profiles', {
  userId: uuid().primaryKey().references(() => users.id, { onDelete: 'cascade' }), kind: word<'person' | 'company'>().notNull(), companyName: text(), nik: text(), npwp: text(), phone: text().notNull(), addressLine: text().notNull(), city: text().notNull(), province: text().notNull(), postalCode: text().notNull(), country: text().notNull().default('ID'), updatedAt: instant().notNull(),
}, t => [check('client_profiles_kind', oneOf(t.kind, ['person', 'company']))])

export const auditLog = pgTable('audit_log', {
  id: id(), at: instant().notNull(), actorId: uuid(), actorName: text().notNull(), action: text().notNull(), entity: text().notNull(), entityId: text(), before: jsonb(), after: jsonb(), requestId: text(),
}, t => [index('audit_log_at').on(t.at), index('audit_log_entity').on(t.entity, t.at), index('audit_log_entity_id').on(t.entityId, t.at)])

/** What a request that creates has answered, so that its repetition gets the same answer and no second effect. */
export const idempotencyKeys = pgTable('idempotency_keys', {
  scope: text().notNull(), key: text().notNull(), requestHash: text().notNull(), startedAt: instant().notNull(), status: integer(), body: text(), finished: boolean().notNull().default(false),
}, t => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_keys_started').on(t.startedAt)])

/** Few named values that all replicas share (the demo clock, the billing watermark, the RDAP bootstrap's date). */
export const settings = pgTable('settings', { key: text().primaryKey(), value: text().notNull(), updatedAt: instant().notNull() })

import { DriverError } from '#shared/errors/driver-error.ts'
import { furtherPanelRights, neededPanelRights } from '#shared/vocabulary/panel-rights.ts'
import type { AccountRef, AccountState, PanelServer, RemotePackage } from '#server/infrastructure/panel-ports.ts'
import type { PanelRefusal } from './api.ts'
import type { z } from 'zod'
import type { Account, packages, partitions } from './schema.ts'

/** What a token is not allowed, by the panel's own names: what nothing works without, and what some of our acts alone need. `all` is every right. */
export function missingPrivileges(granted: Readonly<Record<string, boolean>>): { readonly needed: string[], readonly further: string[] } {
  const lacks = (name: string): boolean => !granted.all && !granted[name]
  return { needed: neededPanelRights.filter(lacks), further: furtherPanelRights.filter(lacks) }
}

/** The contact address with which an account of ours is born: it holds the mark, and only who may create accounts could have written it. */
export const birthAddress = (ownershipMark: string, domain: string): string => `gardu-${ownershipMark.toLowerCase()}@${domain}`
/** The mark that an account still carries; null: none that we wrote. */
export const markOf = ({ email }: Account): string | null => /^gardu-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/i.exec(email)?.[1]?.toLowerCase() ?? null
const birthOf = (account: Account): string => `${account.uid}@${account.unix_startdate}`
const ourReason = 'Gardu: '
export const suspensionReason = (reason: string): string => `${ourReason}${reason}`.slice(0, 200)

/**
 * Whether an account is ours: its number and the second of its creation are those that we kept, or, while none were kept, its contact
 * address is the one with which we create it. A kept birth alone decides: whoever writes our mark into another account gains nothing.
 */
export function isOurs(account: Account, { ownershipMark, birth }: Pick<AccountRef, 'ownershipMark' | 'birth'>): boolean {
  return birth === null ? account.email.toLowerCase() === birthAddress(ownershipMark, account.domain).toLowerCase() : birthOf(account) === birth
}

export const toAccountState = (account: Account): AccountState => ({
  user: account.user, domain: account.domain, package: account.plan, ip: account.ip, contactEmail: account.email, birth: birthOf(account),
  suspended: account.suspended ? { reason: account.suspendreason, byUs: account.suspendreason.startsWith(ourReason) } : null, diskUsedMiB: account.diskused ?? 0, diskLimitMiB: account.disklimit,
})

export const toPackages = ({ pkg }: z.output<typeof packages>): RemotePackage[] =>
  pkg.map(each => ({ name: each.name, diskMiB: each.QUOTA, bandwidthMiB: each.BWLIMIT, maxAddonDomains: each.MAXADDON, maxMailboxes: each.MAXPOP, maxDatabases: each.MAXSQL })).sort((a, b) => a.name < b.name ? -1 : 1)

/** The fullest partition decides when a server is full. Sizes come in KiB. */
export function fullest({ partition }: z.output<typeof partitions>): PanelServer['disk'] {
  const [worst] = partition.filter(each => each.total > 0).sort((a, b) => b.used / b.total - a.used / a.total)
  return worst ? { mount: worst.mount, used: worst.used * 1024, total: worst.total * 1024 } : null
}

/** The panel's words for "there is none"; anything else is no proof of absence. */
export const saysAbsent = (reason: string): boolean => /account does not exist|no such (user|account)|user .* does not exist|domain .* does not exist/i.test(reason)
export const saysNameTaken = (reason: string): boolean => /(username|user name|group for that username|user) .*(already exists|is taken|in use|reserved)|already has (a|the) user|reserved (user)?name|username is (invalid|not valid)/i.test(reason)

/** What a refusal of an act means. What is not known may pass: it is tried again, a bounded number of times, and then people look. */
export function meaningOf({ message, reason }: PanelRefusal): DriverError {
  const people = (who: 'sysadmin' | 'client') => new DriverError('action_required', message, { who })
  if (saysNameTaken(reason)) return new DriverError('retryable', message, { afterSeconds: 1, about: 'name_taken' })
  if (/(domain|zone|entry).*(already exists|already (configured|owned|in use)|is taken)|already (configured|set up) on/i.test(reason)) return people('client')
  if (/permission|access denied|not allowed|do not have (access|permission)|unprivileged|privilege/i.test(reason)) return people('sysadmin')
  if (/(package|plan).*(does not exist|not found|invalid|not exist)|no such (package|plan)/i.test(reason)) return people('sysadmin')
  if (/(maximum|limit|licen[cs]e).*(account|user|reached|exceeded)|quota.*(exceeded|reached)|disk (is )?full|no space/i.test(reason)) return people('sysadmin')
  if (/password.*(weak|strength|short|invalid)/i.test(reason)) return new DriverError('permanent', message)
  if (saysAbsent(reason)) return new DriverError('not_found', message)
  return new DriverError('retryable', message)
}

import { DriverError } from '#shared/errors/driver-error.ts'
import type { AccountRef, PanelAccess, PanelDriver } from '#server/infrastructure/panel-ports.ts'
import { PanelRefusal, whmApi } from './api.ts'
import type { Params, WhmOptions } from './api.ts'
import { backups } from './backups.ts'
import { ownApi } from './own-api.ts'
import { packages } from './packages.ts'
import { probe } from './probe.ts'
import * as reply from './schema.ts'
import type { Account } from './schema.ts'
import { birthAddress, fullest, isOurs, markOf, meaningOf, saysAbsent, suspensionReason, toAccountState, toPackages } from './transform.ts'
import { trafficOf, web } from './web.ts'

const services = { panel: 'cpaneld', webmail: 'webmaild' } as const

/** Says what a refusal means. */
const told = <T>(work: Promise<T>): Promise<T> => work.catch((error: unknown) => {
  throw error instanceof PanelRefusal ? meaningOf(error) : error
})

/** WHM API 1 (cPanel 110 and newer) by API token, as root or a reseller. Guarantees: see the port. Opens no connection before the first call. */
export function createWhmDriver(access: PanelAccess, options: WhmOptions = {}): PanelDriver & { close(): void } {
  const api = whmApi(access, options)

  /** One account by name or domain; null only when the panel says that there is none. */
  async function look(by: Params): Promise<Account | null> {
    try {
      return (await api.read('accountsummary', reply.accounts, by)).acct[0] ?? null
    } catch (error) {
      if (error instanceof PanelRefusal && saysAbsent(error.reason)) return null
      throw error instanceof PanelRefusal ? meaningOf(error) : error
    }
  }

  /** As `look`; undefined where the panel does not let us see: another reseller's account, most likely. It says itself then whether a name is free. */
  const glance = (by: Params): Promise<Account | null | undefined> => look(by).catch((error: unknown) => {
    if (error instanceof DriverError && error.kind === 'action_required') return undefined
    throw error
  })

  /** By its name, then by its domain: an account that staff renamed is still ours, and one that took our name is not. */
  async function locate(ref: AccountRef): Promise<Account | null> {
    const named = await look({ user: ref.user })
    if (named && isOurs(named, ref)) return named
    const there = await look({ domain: ref.domain })
    if (there && isOurs(there, ref)) return there
    if (named) throw new DriverError('not_ours', `WHM: account ${ref.user} does not carry our mark`)
    return null
  }

  async function prove(ref: AccountRef): Promise<Account> {
    const found = await locate(ref)
    if (!found) throw new DriverError('not_found', `WHM: there is no account ${ref.user} of ours`)
    return found
  }

  const act = (call: string, params: Params, settings: { slow?: boolean, secrets?: readonly string[] } = {}) => told(api.act(call, params, reply.nothing, settings))

  /** What was asked for has to be seen: the panel's word that it was done is not enough. */
  async function seen(ref: AccountRef, what: string, holds: (account: Account) => boolean): Promise<void> {
    if (!holds(await prove(ref))) throw new DriverError('retryable', `WHM: ${ref.user} ${what}`, { afterSeconds: 5 })
  }

  const optional = async <T>(work: Promise<T>): Promise<T | null> => work.catch((error: unknown) => {
    // A token may be kept from these, and the accounts are none the worse for it.
    if (error instanceof PanelRefusal || (error instanceof DriverError && error.kind === 'action_required')) return null
    throw error
  })

  const own = ownApi({ api, told })
  const listAll = async () => (await told(api.read('listaccts', reply.accounts))).acct
  const listPackages = async () => toPackages(await told(api.read('listpkgs', reply.packages, { want: 'creatable' })))

  return {
    close: () => api.close(),
    test: () => probe(access, () => whmApi(access, options)),
    async observe() {
      // Asked first and not as an optional one: a token that is refused altogether is a fault, not a lack of numbers.
      await api.read('myprivs', reply.privileges)
      const [hostname, version, load, disk, now, most, named] = await Promise.all([
        optional(api.read('gethostname', reply.hostname)), optional(api.read('version', reply.version)), optional(api.read('systemloadavg', reply.load)), optional(api.read('getdiskusage', reply.partitions)),
        optional(api.read('get_current_users_count', reply.users)), optional(api.read('get_maximum_users', reply.users)), optional(api.read('get_nameserver_config', reply.nameservers)),
      ])
      return { hostname: hostname?.hostname ?? null, version: version?.version ?? null, load: load?.one ?? null, disk: disk && fullest(disk), accounts: now && { now: now.users, most: most && most.users > 0 ? most.users : null }, nameservers: named && named.nameservers.filter(name => name !== '') }
    },
    listPackages,
    listAccounts: async () => (await listAll()).map(account => ({ ...toAccountState(account), mark: markOf(account) })),
    async find(ref) {
      const found = await locate(ref)
      return found && toAccountState(found)
    },

    async create({ user, domain, package: plan, password, ownershipMark }) {
      const ref: AccountRef = { user, domain, ownershipMark, birth: null }
      const named = await glance({ user })
      if (named && isOurs(named, ref)) return toAccountState(named)
      if (named) throw new DriverError('retryable', `WHM: user name ${user} already exists`, { afterSeconds: 1, about: 'name_taken' })
      const there = await glance({ domain })
      if (there && isOurs(there, ref)) return toAccountState(there)
      if (there) throw new DriverError('action_required', `WHM: domain ${domain} already exists on this server`, { who: 'client' })
      try {
        await api.act('createacct', { username: user, domain, plan, password, contactemail: birthAddress(ownershipMark, domain), showpass: 'n', reseller: '0' }, reply.nothing, { slow: true, secrets: [password] })
      } catch (error) {
        if (!(error instanceof PanelRefusal)) throw error
        // It may have said no to a second call of ours while the first one had its effect.
        const there = await glance({ user })
        if (there && isOurs(there, ref)) return toAccountState(there)
        throw meaningOf(error)
      }
      const made = await locate(ref)
      if (!made) throw new DriverError('retryable', `WHM: ${user} was answered as created and is not there`, { afterSeconds: 10 })
      return toAccountState(made)
    },

    async handOver(ref, contactEmail) {
      if (ref.birth === null) throw new DriverError('permanent', `WHM: ${ref.user} has no kept birth: without its mark nothing would prove it`)
      const account = await prove(ref)
      if (account.email === contactEmail) return
      await act('modifyacct', { user: account.user, contactemail: contactEmail })
      await seen(ref, 'still has another contact address', ({ email }) => email === contactEmail)
    },
    async suspend(ref, reason) {
      const account = await prove(ref)
      if (account.suspended) return
      await act('suspendacct', { user: account.user, reason: suspensionReason(reason) })
      await seen(ref, 'is not suspended', ({ suspended }) => suspended)
    },
    async resume(ref) {
      const account = await prove(ref)
      const { suspended } = toAccountState(account)
      if (!suspended) return
      if (!suspended.byUs) throw new DriverError('action_required', `WHM: ${account.user} was suspended at the panel (${suspended.reason || 'no reason given'}): lift it there`, { who: 'sysadmin' })
      await act('unsuspendacct', { user: account.user })
      await seen(ref, 'is still suspended', ({ suspended: still }) => !still)
    },
    async remove(ref) {
      const account = await locate(ref)
      if (!account) return
      await act('removeacct', { username: account.user }, { slow: true })
      if (await locate(ref)) throw new DriverError('retryable', `WHM: ${account.user} is still there`, { afterSeconds: 10 })
    },
    async changePackage(ref, packageName) {
      const account = await prove(ref)
      if (account.plan === packageName) return
      await act('changepackage', { user: account.user, pkg: packageName })
      await seen(ref, `is not on package ${packageName}`, ({ plan }) => plan === packageName)
    },
    async setPassword(ref, password) {
      await act('passwd', { user: (await prove(ref)).user, password, db_pass_update: '1' }, { secrets: [password] })
    },
    async openSession(ref, service) {
      const account = await prove(ref)
      if (account.suspended) throw new DriverError('permanent', `WHM: ${account.user} is suspended`)
      const { url, expires } = await told(api.act('create_user_session', { user: account.user, service: services[service] }, reply.session))
      return { url, expiresAt: new Date(expires * 1000) }
    },
    async traffic(ref, { year, month }) {
      const { user } = await prove(ref)
      return trafficOf(user, await told(api.read('showbw', reply.bandwidth, { month: String(month), year: String(year), searchtype: 'user', search: user })))
    },
    ...web({ api, own, prove, told, act }),
    ...backups({ api, own, list: listAll, prove, told, act }),
    ...packages({ list: listPackages, act, user: access.tokenId }),
  }
}

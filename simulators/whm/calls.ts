import type { SimAccount, SimToken, WhmState } from './state.ts'

/** The panel says no; the HTTP status stays 200. */
export class Refusal extends Error {}
export const no = (reason: string): never => { throw new Refusal(reason) }

export interface Call { readonly state: WhmState, readonly token: SimToken, readonly params: Readonly<Record<string, string>>, readonly now: number, /** The effect is left out, the answer is not. */ readonly lie: boolean }
export interface CallDefinition { readonly acl: string | null, readonly reason?: string, /** Whether it changes something: then it may be lied about. */ readonly handle: (call: Call) => unknown }

const seconds = (now: number) => Math.floor(now / 1000)
const stamp = (unix: number) => new Date(unix * 1000).toISOString().slice(2, 16).replace('T', ' ')

function view(state: WhmState, account: SimAccount) {
  const plan = state.packages.find(({ name }) => name === account.plan)
  return {
    backup: 1, diskused: `${account.diskUsedMiB}M`, disklimit: plan && plan.QUOTA !== 'unlimited' ? `${plan.QUOTA}M` : 'unlimited', domain: account.domain, email: account.email, has_backup: 0, inodesused: '120', inodeslimit: 'unlimited', ip: '192.0.2.10', ipv6: [], is_locked: Number(account.locked),
    legacy_backup: 0, max_defer_fail_percentage: 'unlimited', max_email_per_hour: 'unlimited', max_emailacct_quota: '1024', maxaddons: plan?.MAXADDON ?? '0', maxftp: 'unlimited', maxlst: 'unlimited', maxparked: '0', maxpop: plan?.MAXPOP ?? '0', maxsql: plan?.MAXSQL ?? '0', maxsub: 'unlimited',
    outgoing_mail_hold: 0, outgoing_mail_suspended: 0, owner: account.owner, partition: 'home', plan: account.plan, shell: '/usr/local/cpanel/bin/noshell', startdate: stamp(account.unix_startdate), suspended: Number(account.suspended), suspendreason: account.suspendreason, suspendtime: String(account.suspendtime),
    temporary: 0, theme: 'jupiter', uid: String(account.uid), unix_startdate: account.unix_startdate, user: account.user,
  }
}

const mine = ({ token }: Call, account: SimAccount) => token.acls.includes('all') || account.owner === token.user
/** A reseller acts on his own accounts only. */
export function accountOf(call: Call, name = call.params.user ?? ''): SimAccount {
  const account = call.state.accounts[name] ?? no(`System user “${name}” does not exist. Account does not exist.`)
  if (!mine(call, account)) no(`You do not have permission to access the account “${name}”.`)
  return account
}

function verifyName(state: WhmState, user: string): void {
  if (!/^[a-z][a-z0-9]{0,15}$/.test(user) || user.startsWith('test')) no(`“${user}” is not a valid username: the username is invalid.`)
  if (['root', 'admin', 'mysql', 'nobody', 'postgres', 'cpanel', 'virtfs'].includes(user)) no(`“${user}” is a reserved username.`)
  if (state.accounts[user]) no(`Sorry, a group for that username already exists.`)
  const [eight] = [user.slice(0, 8)]
  const near = Object.keys(state.accounts).find(other => other.slice(0, 8) === eight)
  if (near) no(`This system already has a user named “${near}”: the first eight characters of the username are in use.`)
}

function create(call: Call): unknown {
  const { state, params, token, now, lie } = call
  const { username: user = '', domain = '', plan = 'default', password = '', contactemail = '' } = params
  if (Object.keys(state.accounts).length >= state.maxUsers) no('Your license has reached its maximum number of accounts.')
  verifyName(state, user)
  if (!/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(domain)) no(`“${domain}” is not a valid domain.`)
  const owner = Object.values(state.accounts).find(account => account.domain === domain)
  if (owner) no(`Sorry, the domain “${domain}” already exists in the userdata.`)
  if (!state.packages.some(({ name }) => name === plan)) no(`The package “${plan}” does not exist.`)
  if (password.length < 8) no('The password is too weak: its strength is below the minimum.')
  const data = { ip: '192.0.2.10', nameserver: `ns1.${state.hostname}`, nameserver2: `ns2.${state.hostname}`, nameserver3: '', nameserver4: '', nameservera: '192.0.2.1', nameservera2: '192.0.2.2', nameservera3: null, nameservera4: null, nameserverentry: null, nameserverentry2: null, nameserverentry3: null, nameserverentry4: null, package: plan }
  if (lie) return data
  state.accounts[user] = { user, domain, email: contactemail, plan, owner: token.user, uid: state.nextUid, unix_startdate: seconds(now), suspended: false, suspendreason: 'not suspended', suspendtime: 0, locked: false, diskUsedMiB: 1, transferredBytes: 0, password }
  state.nextUid += 1
  return data
}

/** An act on one account that says nothing but that it was done. */
const change = (acl: string, reason: string, name: (params: Call['params']) => string | undefined, effect: (account: SimAccount, call: Call) => void): CallDefinition => ({ acl, reason, handle(call) {
  const account = accountOf(call, name(call.params) ?? '')
  const before = structuredClone(account)
  effect(account, call)
  if (call.lie) call.state.accounts[before.user] = before
  return {}
} })
const byUser = ({ user }: Call['params']) => user

export const calls: Readonly<Record<string, CallDefinition>> = {
  myprivs: { acl: null, handle: ({ token }) => ({ privileges: [Object.fromEntries(token.acls.map(acl => [acl, 1]))] }) },
  version: { acl: 'basic-whm-functions', handle: ({ state }) => ({ version: state.version }) },
  gethostname: { acl: 'basic-whm-functions', handle: ({ state }) => ({ hostname: state.hostname }) },
  get_nameserver_config: { acl: 'basic-whm-functions', handle: ({ state }) => ({ nameservers: [`ns1.${state.hostname}`, `ns2.${state.hostname}`] }) },
  systemloadavg: { acl: 'basic-system-info', handle: ({ state }) => ({ one: state.load.toFixed(2), five: state.load.toFixed(2), fifteen: state.load.toFixed(2) }) },
  get_current_users_count: { acl: 'list-accts', handle: ({ state }) => ({ users: Object.keys(state.accounts).length }) },
  get_maximum_users: { acl: 'list-accts', handle: ({ state }) => ({ users: state.maxUsers }) },
  getdiskusage: { acl: 'basic-system-info', handle: ({ state }) => ({ partition: state.partitions.map(({ mount, total, used }, i) => ({ available: total - used, device: `/dev/vda${i + 1}`, disk: `vda${i + 1}`, filesystem: mount, inodes_available: 1000, inodes_ipercentage: 2, inodes_total: 2000, inodes_used: 1000, mount, percentage: Math.round(used / total * 100), total, used })) }) },
  listpkgs: { acl: 'list-pkgs', handle: ({ state }) => ({ pkg: state.packages.map(each => ({ ...each, CGI: 'y', CPMOD: 'jupiter', DIGESTAUTH: 'n', FEATURELIST: 'default', HASSHELL: 'n', IP: 'n', LANG: 'id', MAXFTP: 'unlimited', MAXLST: '0', MAXPARK: '0', MAXSUB: 'unlimited', MAX_DEFER_FAIL_PERCENTAGE: 'unlimited', MAX_EMAILACCT_QUOTA: '1024', MAX_EMAIL_PER_HOUR: '300', MAX_TEAM_USERS: '0', _PACKAGE_EXTENSIONS: '' })) }) },
  accountsummary: { acl: 'acct-summary', handle(call) {
    const { user, domain } = call.params
    const found = user === undefined ? Object.values(call.state.accounts).find(account => account.domain === domain) : call.state.accounts[user]
    if (!found) return no('Account does not exist.')
    return { acct: [view(call.state, accountOf(call, found.user))] }
  } },
  listaccts: { acl: 'list-accts', handle: call => ({ acct: Object.values(call.state.accounts).filter(account => mine(call, account)).map(account => view(call.state, account)) }) },
  createacct: { acl: 'create-acct', reason: 'Account Creation Ok', handle: create },
  modifyacct: change('edit-account', 'Account Modified', byUser, (account, { params }) => {
    if (params.contactemail !== undefined) account.email = params.contactemail
  }),
  suspendacct: change('suspend-acct', 'OK', byUser, (account, { params, now }) => {
    Object.assign(account, { suspended: true, suspendreason: params.reason ?? 'Unknown', suspendtime: seconds(now), locked: params.disallowun === '1' })
  }),
  unsuspendacct: change('suspend-acct', 'OK', byUser, (account, { token }) => {
    if (account.locked && !token.acls.includes('all')) no('This account is locked: only root may unsuspend it. You do not have permission.')
    Object.assign(account, { suspended: false, suspendreason: 'not suspended', suspendtime: 0, locked: false })
  }),
  removeacct: { acl: 'kill-acct', reason: 'OK', handle(call) {
    const account = accountOf(call, call.params.username ?? call.params.user)
    if (!call.lie) Reflect.deleteProperty(call.state.accounts, account.user)
    return {}
  } },
  changepackage: change('upgrade-account', 'Account Upgrade/Downgrade Complete', byUser, (account, { params, state }) => {
    if (!state.packages.some(({ name }) => name === params.pkg)) no(`The package “${params.pkg}” does not exist.`)
    account.plan = params.pkg ?? ''
  }),
  passwd: { acl: 'passwd', reason: 'Password changed.', handle(call) {
    const account = accountOf(call)
    const { password = '' } = call.params
    if (password.length < 8) no('The password is too weak: its strength is below the minimum.')
    if (!call.lie) account.password = password
    return { app: ['system', 'ftp', 'mail', 'mySQL'] }
  } },
  create_user_session: { acl: 'create-user-session', handle(call) {
    const account = accountOf(call)
    if (account.suspended) no(`The account “${account.user}” is suspended.`)
    const port = call.params.service === 'webmaild' ? 2096 : 2083
    const token = `cpsess${String(account.uid).padStart(10, '0')}`
    return { cp_security_token: `/${token}`, expires: seconds(call.now) + 900, service: call.params.service, session: `${account.user}:sim`, url: `https://${call.state.hostname}:${port}/${token}/login/?session=${account.user}%3Asim` }
  } },
  showbw: { acl: 'show-bandwidth', handle: ({ state, params, now }) => ({
    acct: Object.values(state.accounts).filter(account => account.user.startsWith(params.search ?? '')).map(account => ({ user: account.user, maindomain: account.domain, owner: account.owner, reseller: 0, totalbytes: account.traffic ? account.traffic[`${params.year}-${String(params.month).padStart(2, '0')}`] ?? 0 : account.transferredBytes, limit: 'unlimited', bwusage: [], deleted: 0 })),
    month: Number(params.month), year: Number(params.year ?? new Date(now).getUTCFullYear()), totalused: 0, reseller: 'root',
  }) },
}

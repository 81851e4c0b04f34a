import { randomBytes } from 'node:crypto'

export interface SimPackage { name: string, QUOTA: string, BWLIMIT: string, MAXADDON: string, MAXPOP: string, MAXSQL: string }
export interface SimAccount {
  user: string, domain: string, email: string, plan: string, owner: string, uid: number, unix_startdate: number, suspended: boolean, suspendreason: string, suspendtime: number, /** Locked by root: a reseller may not lift its suspension. */ locked: boolean
  diskUsedMiB: number, transferredBytes: number, /** Hashed nowhere: a test looks at whether it arrived. */ password: string
  /** By month, `2026-11`; a month that is not there is empty. Without it every month has `transferredBytes`. */ traffic?: Record<string, number>
  /** Whole backups in its home directory. */ homeBackups?: { file: string, size: number, mtime: number }[]
  addons?: string[], /** By domain; without one it has none. */ certificates?: Record<string, SimCertificate>, /** By domain: why AutoSSL cannot renew it. */ autosslProblems?: Record<string, string>
}
export interface SimCertificate { issuer: string, notAfter: number, selfSigned: boolean }
export interface SimBackup { when: string, where: string, account: Partial<SimAccount> }
export interface SimRestore { user: string, restore_point: string, options: { destid: string, give_ip: number, mail_config: number, mysql: number, subdomains: number }, started: number, until: number }
export interface SimToken { user: string, secret: string, /** Names of rights; `all` is every one. */ acls: string[] }
export interface WhmState {
  version: string, hostname: string, load: number, maxUsers: number, nextUid: number
  /** Accounts whose certificates are looked at right now. */ autosslRunning: string[]
  /** By user name; they stay when the account goes. */ backups: Record<string, SimBackup[]>
  restores: { active: boolean, asked: number, pending: SimRestore[], running: SimRestore[], completed: (SimRestore & { finished: number, result: number, log: string })[] }
  /** How long a restore takes. */ restoreMilliseconds: number, /** Restores fail with these words. */ failRestores: string, /** They work, and warn with these. */ warnRestores: string, /** Every account is backed up each night. */ nightly: boolean
  packages: SimPackage[], accounts: Record<string, SimAccount>, tokens: SimToken[], partitions: { mount: string, total: number, used: number }[]
}

export const fullAcls = ['list-accts', 'acct-summary', 'create-acct', 'edit-account', 'suspend-acct', 'kill-acct', 'upgrade-account', 'passwd', 'list-pkgs', 'create-user-session', 'show-bandwidth', 'basic-system-info', 'basic-whm-functions', 'cpanel-api', 'ssl', 'add-pkg', 'edit-pkg']

const packages: SimPackage[] = [
  { name: 'gardu_hemat', QUOTA: '2048', BWLIMIT: '20480', MAXADDON: '0', MAXPOP: '10', MAXSQL: '2' },
  { name: 'gardu_bisnis', QUOTA: '10240', BWLIMIT: 'unlimited', MAXADDON: '5', MAXPOP: '100', MAXSQL: '20' },
  { name: 'gardu_toko', QUOTA: '25600', BWLIMIT: 'unlimited', MAXADDON: '20', MAXPOP: 'unlimited', MAXSQL: 'unlimited' },
]

/** A server of a fresh simulator: three packages, one account that is nobody's of ours, three tokens. */
export function freshState(options: { readonly now: number, /** Secrets of its own instead of those that tests know. */ readonly secrets: boolean }): WhmState {
  const secret = (known: string) => options.secrets ? randomBytes(16).toString('hex').toUpperCase() : known
  return {
    version: '11.138.0.4', hostname: 'web1.simulator.test', load: 0.42, maxUsers: 100, nextUid: 1002, autosslRunning: [], backups: {}, restores: { active: false, asked: 0, pending: [], running: [], completed: [] }, restoreMilliseconds: options.secrets ? 5_000 : 0, failRestores: '', warnRestores: '', nightly: options.secrets, packages: structuredClone(packages),
    accounts: { lamakita: { user: 'lamakita', domain: 'lama-kita.test', email: 'admin@lama-kita.test', plan: 'gardu_hemat', owner: 'root', uid: 1001, unix_startdate: Math.floor(options.now / 1000) - 90 * 86_400, suspended: false, suspendreason: 'not suspended', suspendtime: 0, locked: false, diskUsedMiB: 412, transferredBytes: 3_221_225_472, password: '' } },
    tokens: [
      { user: 'gardu', secret: secret('AAAA1111BBBB2222CCCC3333DDDD4444'), acls: [...fullAcls, ...options.secrets ? ['all'] : []] }, { user: 'root', secret: secret('EEEE1111BBBB2222CCCC3333DDDD4444'), acls: ['all'] },
      { user: 'lihat', secret: secret('FFFF1111BBBB2222CCCC3333DDDD4444'), acls: ['list-accts', 'acct-summary', 'list-pkgs'] },
    ],
    partitions: [{ mount: '/', total: 52_428_800, used: 10_485_760 }, { mount: '/home', total: 524_288_000, used: 131_072_000 }],
  }
}

import { accountOf, no } from './calls.ts'
import type { Call, CallDefinition } from './calls.ts'
import type { SimAccount } from './state.ts'

const day = 86_400
const seconds = (now: number) => Math.floor(now / 1000)
const domainsOf = (account: SimAccount) => [account.domain, ...account.addons ?? []]

/** What an account's own API answers, by `Module::function`. */
const functions: Readonly<Record<string, (account: SimAccount, call: Call) => unknown>> = {
  'DomainInfo::list_domains': account => ({ addon_domains: account.addons ?? [], sub_domains: [], parked_domains: [] }),
  'Backup::fullbackup_to_homedir': (account, { now, lie }) => {
    const [day = '', time = ''] = new Date(now).toISOString().slice(0, 19).split('T')
    const [year, month, date] = day.split('-')
    if (!lie) account.homeBackups = [...account.homeBackups ?? [], { file: `backup-${month}.${date}.${year}_${time.replaceAll(':', '-')}_${account.user}.tar.gz`, size: account.diskUsedMiB * 400_000, mtime: seconds(now) }]
    return { pid: '2857' }
  },
  'Fileman::list_files': account => [{ file: 'notes.txt', size: 12, mtime: account.unix_startdate }, ...account.homeBackups ?? []].map(({ file, size, mtime }) => ({ file, fullpath: `/home/${account.user}/${file}`, path: `/home/${account.user}`, absdir: `/home/${account.user}`, size: String(size), mtime, ctime: mtime, type: 'file' })),
  'SSL::installed_hosts': account => domainsOf(account).flatMap((domain) => {
    const certificate = account.certificates?.[domain]
    if (!certificate) return []
    return [{
      certificate: {
        'auto_ssl_provider': 'LetsEncrypt', 'auto_ssl_provider_display_name': 'Let’s Encrypt', 'domains': [domain, `www.${domain}`], 'ecdsa_curve_name': null, 'ecdsa_public': null, 'id': `${domain.replaceAll('.', '_')}_1`, 'is_autossl': Number(!certificate.selfSigned), 'is_self_signed': Number(certificate.selfSigned),
        'issuer.commonName': certificate.issuer, 'issuer.organizationName': certificate.selfSigned ? '' : certificate.issuer, 'key_algorithm': 'rsaEncryption', 'modulus_length': 2048, 'not_after': certificate.notAfter, 'not_before': certificate.notAfter - 90 * day, 'subject.commonName': domain, 'validation_type': certificate.selfSigned ? null : 'dv',
      },
      docroot: `/home/${account.user}/public_html`, domains: [domain, `www.${domain}`], fqdns: [domain, `www.${domain}`, `mail.${domain}`], ip: '192.0.2.10', is_primary_on_ip: 0, mail_sni_status: 1, needs_sni: 1, servername: domain,
    }]
  }),
  'SSL::get_autossl_problems': (account, { now }) => Object.entries(account.autosslProblems ?? {}).map(([domain, problem]) => ({ domain, problem, time: new Date(now).toISOString() })),
  'SSL::is_autossl_check_in_progress': (account, { state }) => Number(state.autosslRunning.includes(account.user)),
}

export const webCalls: Readonly<Record<string, CallDefinition>> = {
  uapi_cpanel: { acl: 'cpanel-api', handle(call) {
    const { 'cpanel.user': user, 'cpanel.module': module, 'cpanel.function': name } = call.params
    const account = accountOf(call, user)
    const found = functions[`${module}::${name}`]
    // It fails inside: the outer answer says that all is well.
    if (!found) return { uapi: { status: 0, data: null, errors: [`The system could not find the function “${name}” in the module “${module}”.`], messages: null, metadata: {}, warnings: null } }
    return { uapi: { status: 1, data: found(account, call), errors: null, messages: null, metadata: {}, warnings: null } }
  } },
  /** Renews at once what it can. */
  start_autossl_check_for_one_user: { acl: 'ssl', handle(call) {
    const account = accountOf(call, call.params.username)
    if (account.suspended) no(`The account “${account.user}” is suspended.`)
    if (!call.lie) account.certificates = { ...account.certificates, ...Object.fromEntries(domainsOf(account).filter(domain => !account.autosslProblems?.[domain]).map(domain => [domain, { issuer: 'Let’s Encrypt', notAfter: seconds(call.now) + 90 * day, selfSigned: false }])) }
    return { pid: 4242 }
  } },
}

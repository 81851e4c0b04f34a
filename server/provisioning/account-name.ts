/** User names that a server keeps for itself, or that people would take for its own. */
const reserved = new Set(['abuse', 'adm', 'admin', 'all', 'apache', 'backup', 'bin', 'cpanel', 'cpses', 'daemon', 'default', 'dovecot', 'exim', 'ftp', 'games', 'gardu', 'halt', 'hostmast', 'info', 'lp', 'mail', 'mailman', 'mailnull', 'munin', 'mysql', 'named', 'nobody', 'nscd', 'operator', 'postfix', 'postgres', 'postmast', 'proftpd', 'root', 'security', 'shutdown', 'spamd', 'ssh', 'sshd', 'support', 'sync', 'system', 'tomcat', 'user', 'virtfs', 'webmast', 'whm', 'www'])
/** Databases are named by the first eight letters: those alone have to be unique, so no name is longer. */
const longest = 8

const lettersOf = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '').replace(/^\d+/, '')

/**
 * The user name to try for a domain: the lower-case letters and digits of its first label (of all of it, if those are few), at most eight, not beginning with a digit or `test`, none that is reserved.
 * `taken`: so many were refused already; each answers another name. Pure.
 */
export function accountName(domain: string, taken: number): string {
  const [label = ''] = domain.split('.')
  const letters = lettersOf(label).length >= 3 ? lettersOf(label) : lettersOf(domain) || 'situs'
  const base = (letters.startsWith('test') || reserved.has(letters.slice(0, longest)) ? `w${letters}` : letters).slice(0, longest)
  const names = [base]
  for (let number = 2; names.length <= taken; number++) {
    const name = `${base.slice(0, longest - String(number).length)}${number}`
    if (!names.includes(name)) names.push(name)
  }
  return names[taken] ?? base
}

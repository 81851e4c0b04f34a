/** The user that the cloud images of each family create and that login is set for. First match wins. */
const families: readonly { readonly family: string, readonly pattern: RegExp, readonly username: string }[] = [
  { family: 'ubuntu', pattern: /ubuntu|jammy|noble|focal/, username: 'ubuntu' },
  { family: 'debian', pattern: /debian|bookworm|bullseye|trixie/, username: 'debian' },
  { family: 'almalinux', pattern: /alma/, username: 'almalinux' },
  { family: 'rocky', pattern: /rocky/, username: 'rocky' },
  { family: 'centos', pattern: /centos/, username: 'centos' },
  { family: 'fedora', pattern: /fedora/, username: 'fedora' },
  { family: 'opensuse', pattern: /suse/, username: 'opensuse' },
  { family: 'arch', pattern: /(^|[^a-z])arch/, username: 'arch' },
  { family: 'alpine', pattern: /alpine/, username: 'alpine' },
  { family: 'freebsd', pattern: /freebsd/, username: 'freebsd' },
  { family: 'windows', pattern: /windows|win(20|1)/, username: 'Administrator' },
]

/** Guesses a template's operating system, and the login user usual for it, from its name. Unknown names are `linux` with `cloud-user`. */
export function guessOs(templateName: string): { readonly family: string, readonly username: string } {
  const name = templateName.toLowerCase()
  const known = families.find(({ pattern }) => pattern.test(name))
  return known ? { family: known.family, username: known.username } : { family: 'linux', username: 'cloud-user' }
}

import { AppError } from '#shared/errors/codes.ts'
import { commonPasswords } from './common-passwords.ts'

export type PasswordWeakness = 'password_short' | 'password_common' | 'password_personal' | 'password_simple'

const steps = (text: string) => [...text].slice(1).map((letter, i) => letter.charCodeAt(0) - text.charCodeAt(i))

/** What makes a password easy to guess, or null. Length counts most (NIST SP 800-63B): no rule asks for special characters. */
export function weaknessOf(password: string, owner: { readonly email: string, readonly name?: string }): PasswordWeakness | null {
  const plain = password.toLowerCase()
  if (password.length < 10) return 'password_short'
  if (commonPasswords.has(plain)) return 'password_common'
  if (new Set(plain).size < 5 || steps(plain).every((step, _, all) => step === all[0])) return 'password_simple'
  const [mailbox = '', host = ''] = owner.email.toLowerCase().split('@')
  const personal = [mailbox, ...mailbox.split(/[._+-]/), host, host.split('.')[0] ?? '', ...(owner.name ?? '').toLowerCase().split(/\s+/)]
  // A long password that merely holds a name is fine; one that is little more than it is not.
  return personal.some(part => part.length >= 4 && plain.includes(part) && plain.length - part.length < 8) ? 'password_personal' : null
}

/** @throws AppError password_weak, with the reason at the field `password` */
export function refuseWeakPassword(password: string, owner: { readonly email: string, readonly name?: string }): void {
  const weakness = weaknessOf(password, owner)
  if (weakness) throw new AppError('password_weak', { fields: [{ path: 'password', code: weakness, message: weakness }] })
}

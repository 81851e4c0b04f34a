import { mailRequest } from '../notifications/ports.ts'
import { oneTimeCodes } from './one-time-code.ts'
import type { CodePurpose } from './one-time-code.ts'
import type { IdentityDeps, User } from './ports.ts'

/** Makes a new code for this user, in place of an older one, and queues the mail that carries it. */
export async function sendCode(deps: IdentityDeps, purpose: CodePurpose, user: User): Promise<void> {
  const code = await oneTimeCodes(deps).issue(purpose, user.email)
  await deps.transact(stores => stores.mail.queue(mailRequest({ userId: user.id, recipient: user.email, locale: user.locale }, purpose, `${purpose}:${deps.newId()}`, { name: user.name, code })))
}

import { mailRequest } from '../notifications/ports.ts'
import type { EndReason, IdentityDeps, User } from './ports.ts'
import { forgetSessions } from './session-cache.ts'
import { momentText } from './user.ts'

/** Stores a new password, ends the user's sessions (all but `exceptId`) and tells the owner by mail, all of it or nothing. */
export async function setPassword(deps: IdentityDeps, user: User, password: string, because: EndReason, exceptId?: string): Promise<void> {
  const passwordHash = await deps.passwords.hash(password)
  const now = deps.clock.now()
  const ended = await deps.transact(async (stores) => {
    await stores.users.update(user.id, { passwordHash })
    await stores.mail.queue(mailRequest({ userId: user.id, recipient: user.email, locale: user.locale }, 'password_changed', `password_changed:${deps.newId()}`, { name: user.name, at: momentText(now, user.locale, deps.timeZone) }))
    return stores.sessions.endAll(user.id, because, now, exceptId)
  })
  await forgetSessions(deps, ended)
}

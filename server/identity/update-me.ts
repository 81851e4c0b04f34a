import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { IdentityDeps } from './ports.ts'
import { refreshSessionState } from './session-cache.ts'
import { showMe } from './show-me.ts'
import type { Caller, Me } from './user.ts'

/** Changes the caller's own name or language; what is left out stays. */
export const updateMe = (deps: IdentityDeps) => async (caller: Caller, input: { readonly name?: string | undefined, readonly locale?: Locale | undefined }): Promise<Me> => {
  const change = { ...(input.name === undefined ? {} : { name: input.name }), ...(input.locale === undefined ? {} : { locale: input.locale }) }
  if (Object.keys(change).length > 0) await deps.transact(stores => stores.users.update(caller.userId, change))
  if (caller.sessionId) await refreshSessionState(deps, caller.sessionId)
  return showMe(deps)(caller.userId)
}

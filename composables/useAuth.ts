import { logout, showSession } from '#shared/contracts/auth.ts'
import { safePath } from '#shared/navigation/safe-path.ts'
import { isStaff } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'

export interface AuthUser { readonly id: string, readonly name: string, readonly role: Role }

/**
 * Who is signed in: `undefined` while nobody asked, `null` for a visitor. On personal pages the server tells it with the page; on shared
 * (cached) pages it is unknown until the browser calls `ensure()`, which the layouts do after mounting, so that no name is ever cached.
 */
export function useAuth() {
  const user = useState<AuthUser | null | undefined>('auth-me', () => {
    if (!import.meta.server) return undefined
    const context = useRequestEvent()?.context as { actor?: AuthUser | null, cache?: unknown } | undefined
    if (context?.cache !== undefined || context?.actor === undefined) return undefined
    return context.actor && { id: context.actor.id, name: context.actor.name, role: context.actor.role }
  })
  const api = useApi()
  const localePath = useLocalePath()
  const router = useRouter()

  /** The signed-in user; asks the server when it is not known yet, or `anew`. */
  async function ensure(anew = false): Promise<AuthUser | null> {
    if (user.value === undefined || anew) user.value = await api(showSession).then(({ user }) => user, () => null)
    return user.value ?? null
  }

  /** Where a user of this role begins; `next` wins when it is a page of this site. */
  const homeOf = (role: Role, next?: unknown): string => safePath(Array.isArray(next) ? next[0] : next) ?? localePath(isStaff(role) ? '/admin' : '/portal')

  /** After a log-in: remembers the user and goes to where they wanted to be. */
  async function enter(signedIn: AuthUser) {
    user.value = { id: signedIn.id, name: signedIn.name, role: signedIn.role }
    await navigateTo(homeOf(signedIn.role, router.currentRoute.value.query.next), { replace: true })
  }

  /** Ends this session and leaves for the log-in page with nothing of the user left in memory. */
  async function leave() {
    await api(logout, { body: {} }).catch(() => undefined)
    user.value = null
    await navigateTo(localePath('/auth/login'), { external: true })
  }

  return { user, ensure, homeOf, enter, leave }
}

import { isStaff } from '#shared/vocabulary/roles.ts'

/** For pages of clients. The server decides about every datum again; this only leads people to where they can go on. */
export default defineNuxtRouteMiddleware(async (to) => {
  const localePath = useLocalePath()
  const user = await useAuth().ensure()
  if (!user) return navigateTo({ path: localePath('/auth/login'), query: { next: to.fullPath } })
  if (isStaff(user.role)) return navigateTo(localePath('/admin'))
})

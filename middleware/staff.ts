import { mayPass } from '#shared/vocabulary/roles.ts'
import type { StaffRole } from '#shared/vocabulary/roles.ts'

declare module '#app' {
  interface PageMeta {
    /** Of the staff, who may open the page; nothing said: all of them. The owner always may. */
    roles?: readonly StaffRole[]
  }
}

/** For pages of staff: `definePageMeta({ layout: 'admin', middleware: 'staff', roles: ['finance'] })`. */
export default defineNuxtRouteMiddleware(async (to) => {
  const localePath = useLocalePath()
  const user = await useAuth().ensure()
  if (!user) return navigateTo({ path: localePath('/auth/login'), query: { next: to.fullPath } })
  if (!mayPass('staff', user.role)) return navigateTo(localePath('/portal'))
  const roles = to.meta.roles as readonly StaffRole[] | undefined
  if (roles && !roles.some(role => mayPass(role, user.role))) return abortNavigation(createError({ statusCode: 403, statusMessage: 'Forbidden', fatal: true }))
})

/** For the log-in pages: who is signed in already goes on to where they wanted to be. */
export default defineNuxtRouteMiddleware(async (to) => {
  const { ensure, homeOf } = useAuth()
  const user = await ensure()
  if (user) return navigateTo(homeOf(user.role, to.query.next))
})

/**
 * Answers of the API are no pages: the rules for pages (policies, nonces) are not made up for each of them, which would take longer than
 * taking a notification. Stands before nuxt-security's own plugins (`nuxt.config.ts`).
 */
export default defineNitroPlugin((nitro) => {
  nitro.hooks.hook('request', (event) => {
    if (event.path.startsWith('/api/')) event.context.security = { rules: { enabled: false }, route: '/api/**' }
  })
})

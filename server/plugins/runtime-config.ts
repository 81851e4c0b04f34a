/**
 * One configuration for all requests. Nitro would copy it for each and look every key up in the environment again, which took more time
 * than most requests take in all; what this server reads does not change while it runs. The shared copy is frozen: who writes to it fails.
 * Stands first among the plugins (`nuxt.config.ts`), before those that ask for it.
 */
export default defineNitroPlugin((nitro) => {
  const config = useRuntimeConfig()
  nitro.hooks.hook('request', (event) => {
    event.context.nitro ??= {}
    event.context.nitro.runtimeConfig = config
  })
})

import { createApp, setApp } from '#server/platform/app.ts'
import type { UserSession } from '#auth-utils'
import type { CookieData } from '#server/platform/session-cookie.ts'
import { ConfigError, loadConfig } from '#server/platform/config.ts'
import { readDemoRemotes, seedDemo } from '#server/platform/demo-seed.ts'

/**
 * Starts the application with the server, and stops it after the last request: jobs are finished or handed back to the queue.
 * `server/middleware/` holds requests until `startup` has settled.
 */
export default defineNitroPlugin((nitro) => {
  const startup = start()
  nitro.hooks.hook('request', (event) => {
    event.context.startup = startup
  })
  nitro.hooks.hook('close', async () => {
    const app = await startup
    setApp(null)
    await app.close()
  })
})

async function start() {
  try {
    const app = await createApp(loadConfig(process.env), {
      passwords: { hash: hashPassword, verify: verifyPassword },
      sessionCookie: {
        read: event => getUserSession(event) as Promise<CookieData>,
        replace: async (event, data, config) => void await replaceUserSession(event, data as UserSession, config),
        clear: async (event, config) => void await clearUserSession(event, config),
      },
    })
    if (app.core.config.GARDU_DEMO) await seedDemo(app.core, readDemoRemotes(process.env))
    setApp(app)
    if (app.core.config.GARDU_WORKERS === 'on') await app.startWorkers()
    await app.catchUp()
    return app
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  }
}

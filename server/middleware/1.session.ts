import { useApp } from '#server/platform/app.ts'
import { proveCaller } from '#server/platform/session.ts'

/**
 * Finds out who calls. Cached pages and files of the build are the same for everybody: no cookie of theirs is read and none is set.
 */
export default defineEventHandler(async (event) => {
  if (getRouteRules(event).cache || event.path.startsWith('/_nuxt/') || event.path === '/health' || event.path === '/ready') return
  await proveCaller(event, useApp())
})

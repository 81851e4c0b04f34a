import { useApp } from '#server/platform/app.ts'
import { proveCaller } from '#server/platform/session.ts'
import { isStoreAway } from '#server/platform/store-away.ts'

/**
 * Finds out who calls. What is the same for everybody (shared pages, files of the build) reads no cookie and sets none; gateways have none.
 * Only the visitor's own request may renew a lapsed session: the answer to a fetch made while rendering reaches no browser, so a cookie set
 * there would be lost.
 */
export default defineEventHandler(async (event) => {
  const shared = event.context.cache !== undefined || getRouteRules(event).cache
  if (shared || event.path.startsWith('/_nuxt/') || event.path === '/health' || event.path === '/ready' || event.path.startsWith('/api/webhooks/')) return
  const inward = '__unenv__' in event.node.req
  try {
    await proveCaller(event, useApp(), { mayRenew: !inward })
  } catch (error) {
    if (!isStoreAway(error)) throw error
    // Nobody is sent to the log-in page because the database restarts: a page says that it cannot be shown now, a route says it as a problem.
    if (!event.path.startsWith('/api/')) throw createError({ statusCode: 503, cause: error })
    event.context.callerUnknown = error
  }
})

import { pageCache, pageKey } from '#server/platform/page-cache.ts'
import { sendCachedPage } from '#server/platform/cached-page.ts'

/** Public pages come from the cache, before any session is looked at; the first visitor of a page renders it for all. */
export default defineEventHandler(async (event) => {
  const key = import.meta.dev ? null : pageKey(event.method, event.path)
  if (!key) return
  const found = await pageCache.open(key)
  if ('page' in found) return sendCachedPage(event, found)
  // Tells Nuxt's plugins that the page is shared: no session is read into it.
  event.context.cache = { key }
  event.context.pageTicket = found
  event.node.res.once('close', () => found.abandon())
})

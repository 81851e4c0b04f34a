import redisDriver from 'unstorage/drivers/redis'
import { sendCachedPage, sharedHeaders } from '#server/platform/cached-page.ts'
import { pageCache } from '#server/platform/page-cache.ts'
import type { RenderTicket } from '#server/platform/page-cache.ts'

/** Keeps what was rendered for the next visitors. With REDIS_URL all replicas share one cache, and one invalidation reaches them all. */
export default defineNitroPlugin((nitro) => {
  if (process.env.REDIS_URL) {
    const driver = redisDriver({ url: process.env.REDIS_URL, base: 'gardu:pages', maxRetriesPerRequest: 1 })
    pageCache.use(driver, useRuntimeConfig().app.buildId)
    useStorage().mount('cache', driver)
  }
  nitro.hooks.hook('beforeResponse', async (event, response) => {
    const ticket = event.context.pageTicket as RenderTicket | undefined
    if (!ticket) return
    delete event.context.pageTicket
    const headers = sharedHeaders(event)
    if (!headers || typeof response.body !== 'string') return ticket.abandon()
    response.body = sendCachedPage(event, await ticket.store({ html: response.body, headers }))
  })
})

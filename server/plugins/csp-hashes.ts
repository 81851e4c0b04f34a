import { createHash } from 'node:crypto'
import { isPublicPage } from '#server/platform/page-cache.ts'

const inlineElement = /<(script|style)\b([^>]*)>([\s\S]*?)<\/\1>/gi
const dataBlock = /\btype="application\/(?:ld\+)?json"/i

/** Public pages are shared between visitors, where a nonce would be no secret: their inline scripts and styles are named by hash instead. */
export default defineNitroPlugin((nitro) => {
  nitro.hooks.hook('render:response', (response, { event }) => {
    if (!isPublicPage(event.path) || typeof response.body !== 'string') return
    const hashes = { script: new Set<string>(), style: new Set<string>() }
    for (const [, tag = '', attributes = '', content = ''] of response.body.matchAll(inlineElement)) {
      if (/\bsrc=/.test(attributes) || dataBlock.test(attributes) || !content) continue
      hashes[tag.toLowerCase() === 'script' ? 'script' : 'style'].add(`'sha256-${createHash('sha256').update(content).digest('base64')}'`)
    }
    event.context.security = { ...event.context.security, hashes }
  })
})

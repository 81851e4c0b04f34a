import { isPublicPage } from '#server/platform/page-cache.ts'
import { sleepScript } from '#shared/navigation/sleeping-page.ts'

const preload = /<link rel="modulepreload"[^>]*\bhref="([^"]+)"[^>]*>/g
const entry = /<script type="module" src="([^"]+)"[^>]*><\/script>/

/**
 * Public pages work as plain HTML: links, GET forms. Their JavaScript is not run while they are being read, but at the visitor's first sign
 * of doing something. See docs/decisions/0007-public-pages-wake-late.md.
 */
export default defineNitroPlugin((nitro) => {
  if (import.meta.dev) return
  nitro.hooks.hook('render:html', (html, { event }) => {
    if (!isPublicPage(event.path)) return
    const head = html.head.join('')
    const start = entry.exec(head)?.[1]
    if (!start) return
    const files = [...new Set([start, ...[...head.matchAll(preload)].map(match => match[1] ?? '')])]
    html.head = [head.replace(entry, '').replaceAll(preload, '')]
    html.bodyAppend.push(`<script>${sleepScript(files)}</script>`)
  })
})

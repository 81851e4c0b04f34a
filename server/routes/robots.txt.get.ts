import { setResponseHeader } from 'h3'
import { useApp } from '#server/platform/app.ts'

/** Personal areas and the API are nothing for a search engine, in both languages. */
export default defineEventHandler((event) => {
  setResponseHeader(event, 'content-type', 'text/plain; charset=utf-8')
  setResponseHeader(event, 'cache-control', 'public, max-age=3600')
  const closed = ['/api/', '/portal', '/admin', '/auth/', '/cart', '/checkout'].flatMap(path => path === '/api/' ? [path] : [path, `/en${path}`])
  return ['User-agent: *', ...closed.map(path => `Disallow: ${path}`), 'Disallow: /*?name=', '', `Sitemap: ${useApp().core.config.GARDU_BASE_URL}/sitemap.xml`, ''].join('\n')
})

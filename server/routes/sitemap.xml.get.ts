import { setResponseHeader } from 'h3'
import { SitemapStream, streamToPromise } from 'sitemap'
import { useApp } from '#server/platform/app.ts'

/** Every public page in both languages, each naming the other. */
export default defineEventHandler(async (event) => {
  const app = useApp()
  const { items } = await app.catalog.listStorefrontProducts({ kind: 'vps' })
  const work = await app.catalog.listStorefrontProducts({ kind: 'work' })
  const hosting = await app.catalog.listStorefrontProducts({ kind: 'hosting' })
  const paths = ['', '/vps', '/hosting', ...hosting.items.map(product => `/hosting/${product.slug}`), '/domains', ...items.map(product => `/vps/${product.slug}`), ...(work.items.length > 0 ? ['/work', ...work.items.map(product => `/work/${product.slug}`)] : [])]
  const address = (lang: 'id' | 'en', path: string) => (lang === 'en' ? `/en${path}` : path) || '/'
  const stream = new SitemapStream({ hostname: app.core.config.GARDU_BASE_URL, xmlns: { news: false, image: false, video: false, xhtml: true } })
  for (const path of paths) {
    const links = (['id', 'en'] as const).map(lang => ({ lang, url: address(lang, path) }))
    for (const { url } of links) stream.write({ url, links: [...links, { lang: 'x-default', url: address('id', path) }] })
  }
  stream.end()
  setResponseHeader(event, 'content-type', 'application/xml; charset=utf-8')
  // What left the shop leaves it at once, also where a proxy keeps answers.
  setResponseHeader(event, 'cache-control', 'public, max-age=0, must-revalidate')
  return (await streamToPromise(stream)).toString('utf8')
})

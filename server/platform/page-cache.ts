import { createHash, randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { createStorage } from 'unstorage'
import type { Driver, Storage } from 'unstorage'
import { billingCycles } from '#shared/vocabulary/billing.ts'
import { shareNext } from './batch.ts'

/** A rendered public page as every visitor gets it: no cookie, nothing personal, its Content-Security-Policy made of hashes. */
export interface CachedPage { readonly html: string, readonly etag: string, readonly headers: Readonly<Record<string, string>> }
/** A page made ready to be sent: its bytes as they are and compressed. */
export interface LocalPage { readonly page: CachedPage, readonly plain: Buffer, readonly gzip: Buffer, readonly generation: string, readonly until: number }

/** What a renderer got: it stores its page, or gives up; either way the visitors who wait for the same page go on. */
export interface RenderTicket { store(page: Omit<CachedPage, 'etag'>): Promise<LocalPage>, abandon(): void }

/**
 * A page lives at most this long even when nobody says that something changed: a price that begins at a set time is shown in time.
 */
const lifeSeconds = 300
const localLimit = 500
const generationKey = 'generation'

/**
 * The cache of public pages over an unstorage driver: memory, or Redis, which all replicas share. Pages are kept under a generation;
 * `invalidate` begins a new one, so that no replica serves a page of the old one, also not one that was being rendered meanwhile. Each
 * process keeps what it has served ready in memory (and compressed) and asks the store only for the generation.
 */
export function createPageCache(now: () => number = Date.now) {
  let storage: Storage = createStorage()
  let shared = false
  let build = ''
  const local = new Map<string, LocalPage>()
  const rendering = new Map<string, Promise<void>>()
  let generation = randomUUID() as string

  // Read after it was asked for, once for all who ask meanwhile: nobody gets a page that was invalid before they came.
  const readGeneration = shareNext(async (): Promise<string> => {
    const found = await storage.getItem<string>(generationKey)
    if (found) return found
    await storage.setItem(generationKey, generation)
    return generation
  })
  const currentGeneration = async (): Promise<string> => shared ? readGeneration() : generation
  const keep = (key: string, page: CachedPage, of: string): LocalPage => {
    const kept = { page, plain: Buffer.from(page.html), gzip: gzipSync(page.html, { level: 6 }), generation: of, until: now() + lifeSeconds * 1000 }
    local.delete(key)
    local.set(key, kept)
    const oldest = local.keys().next().value
    if (local.size > localLimit && oldest !== undefined) local.delete(oldest)
    return kept
  }
  const find = async (key: string, of: string): Promise<LocalPage | null> => {
    const mine = local.get(key)
    if (mine && mine.generation === of && mine.until > now()) return mine
    if (!shared) return null
    const found = await storage.getItem<{ page: CachedPage, until: number }>(`${of}:${build}:${key}`)
    return found && found.until > now() ? keep(key, found.page, of) : null
  }

  return {
    /** From now on pages are kept by this driver (Redis). `build`: pages name files of their build, which another one does not have. */
    use(driver: Driver, ofBuild: string) {
      storage = createStorage({ driver })
      shared = true
      build = ofBuild
    },
    /** The page, or the right and duty to render it. One renders, others wait for it (at most ten seconds). A store that is down means rendering. */
    async open(key: string): Promise<LocalPage | RenderTicket> {
      const running = rendering.get(key)
      if (running) await Promise.race([running, new Promise(resolve => setTimeout(resolve, 10_000).unref())])
      const of = await currentGeneration().catch(() => null)
      const found = of === null ? null : await find(key, of).catch(() => null)
      if (found) return found
      let done = () => {}
      const mine = new Promise<void>(resolve => done = resolve)
      if (!rendering.has(key)) rendering.set(key, mine)
      const abandon = () => {
        if (rendering.get(key) === mine) rendering.delete(key)
        done()
      }
      return {
        abandon,
        async store(rendered) {
          const page = { ...rendered, etag: `"${createHash('sha256').update(rendered.html).digest('base64url').slice(0, 27)}"` }
          const kept = keep(key, page, of ?? '')
          if (shared && of !== null) await storage.setItem(`${of}:${build}:${key}`, { page, until: kept.until }, { ttl: lifeSeconds }).catch(() => {})
          abandon()
          return kept
        },
      }
    },
    async invalidate() {
      generation = randomUUID()
      if (shared) await storage.setItem(generationKey, generation)
    },
  }
}

/** The pages of this process (a replica). */
export const pageCache = createPageCache()

/**
 * Call after the commit of whatever changes what visitors see (product, price, template, suffix, stock): the next visitor of each page, at
 * any replica, gets it freshly rendered.
 */
export const invalidatePages = (): Promise<void> => pageCache.invalidate()

/** `/`, `/domains`, and `/vps`, `/hosting` and `/work`, each with its products, in both languages. */
const publicPage = /^(?:\/en)?(?:\/|\/(?:vps|hosting|work)(?:\/[a-z0-9-]{1,100})?|\/domains)?$/

/**
 * The key under which a request's page may be kept, or null. Only addresses without a query, or with nothing but the two switches of the
 * price display, are kept: a visitor cannot fill the cache with addresses of their own making, and a domain search is always fresh.
 */
export function pageKey(method: string, path: string): string | null {
  if (method !== 'GET' && method !== 'HEAD') return null
  const [pathname = '/', search = ''] = path.split('?')
  if (!publicPage.test(pathname)) return null
  const query = [...new URLSearchParams(search)]
  const known = (name: string, value: string) => name === 'cycle' ? billingCycles.some(cycle => cycle === value) : name === 'ppn' && (value === '0' || value === '1')
  if (!query.every(([name, value]) => known(name, value)) || new Set(query.map(([name]) => name)).size < query.length) return null
  return [pathname.replace(/\/$/, '') || '/', ...query.map(pair => pair.join('=')).sort()].join('|')
}

export const isPublicPage = (path: string): boolean => publicPage.test(path.split('?')[0] ?? '')

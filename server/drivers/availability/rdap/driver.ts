import type { AnswerCache, AvailabilityAnswer, AvailabilityCheck } from '#server/domains/ports.ts'
import type { Clock, Log } from '#server/kernel/ports.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { createHttpClient } from '../../http.ts'
import type { HttpClient, HttpReply } from '../../http.ts'
import { readAnswer, readBootstrap, registryOf, unknown } from './transform.ts'
import type { Bootstrap } from './transform.ts'

export interface RdapOptions {
  readonly bootstrapUrl: string
  readonly cache: AnswerCache
  readonly clock: Clock
  readonly log: Log
  /** How long one registry has for one name, waiting for its turn included. Default 4 s. */
  readonly registryMilliseconds?: number
  /** Questions to one registry at a time. Default 6: registries count per address and refuse beyond a few. */
  readonly perRegistry?: number
}

const bootstrapKey = 'rdap:bootstrap'
const dayMilliseconds = 86_400_000
const keptSeconds = 30 * 86_400
const longestRestSeconds = 300

interface KeptBootstrap { readonly fetchedAt: number, readonly bases: Bootstrap }

/**
 * Availability by RDAP (RFC 7480, 9082, 9083) at the registry that the bootstrap file (RFC 9224) names. Each registry has its own clients,
 * queue and rest: one that is slow or refuses delays no other.
 */
export function rdapAvailability(options: RdapOptions): AvailabilityCheck & { close(): void } {
  const { bootstrapUrl, cache, clock, log, registryMilliseconds = 4_000, perRegistry = 6 } = options
  const lanes = new Map<string, Lane>()
  let bootstrap: KeptBootstrap | null = null
  let refreshing: Promise<void> | null = null

  const fresh = () => bootstrap !== null && clock.now().getTime() - bootstrap.fetchedAt < dayMilliseconds
  const download = async (): Promise<Bootstrap> => {
    const url = new URL(bootstrapUrl)
    const client = createHttpClient({ name: 'RDAP bootstrap', baseUrl: url.origin, totalMilliseconds: 8_000, readRetries: 1, redirects: 2 })
    try {
      const reply = await client.request({ method: 'GET', path: url.pathname + url.search })
      if (reply.status !== 200) throw new Error(`the bootstrap file answered ${reply.status}`)
      return readBootstrap(JSON.parse(reply.body))
    } finally {
      client.close()
    }
  }
  /** Yesterday's list names the same registries as today's: while a new one cannot be had, the old one serves. */
  const refresh = async () => {
    const kept = await cache.get(bootstrapKey).catch(() => null)
    const shared = kept ? JSON.parse(kept) as KeptBootstrap : null
    if (shared && shared.fetchedAt > (bootstrap?.fetchedAt ?? 0)) bootstrap = shared
    if (fresh()) return
    try {
      bootstrap = { fetchedAt: clock.now().getTime(), bases: await download() }
      await cache.set(bootstrapKey, JSON.stringify(bootstrap), keptSeconds).catch(() => {})
    } catch (error) {
      log.warn({ err: error, fetchedAt: bootstrap?.fetchedAt ?? null }, 'the RDAP bootstrap file could not be refreshed')
      // Not asked for again with every visitor: after a tenth of a day.
      if (bootstrap) bootstrap = { ...bootstrap, fetchedAt: clock.now().getTime() - dayMilliseconds * 0.9 }
    }
  }
  const registries = async (): Promise<Bootstrap> => {
    if (!fresh()) await (refreshing ??= refresh().finally(() => { refreshing = null }))
    return bootstrap?.bases ?? {}
  }

  return {
    async check(name) {
      const base = registryOf(name, await registries())
      if (!base) return unknown('no_registry')
      const lane = lanes.get(base) ?? openLane(base, perRegistry)
      lanes.set(base, lane)
      const rest = `rdap:rest:${new URL(base).host}`
      if (await cache.get(rest).catch(() => null)) return unknown('registry_busy')
      const reply = await lane.ask(`domain/${encodeURIComponent(name)}`, registryMilliseconds)
      if (!('status' in reply)) return reply
      if (reply.status === 429) await cache.set(rest, '1', Math.min(longestRestSeconds, Number(reply.headers['retry-after']) || 30)).catch(() => {})
      return readAnswer(name, { status: reply.status, contentType: reply.headers['content-type'] ?? '', text: reply.body })
    },
    close: () => lanes.forEach(lane => lane.close()),
  }
}

interface Lane { ask(path: string, milliseconds: number): Promise<HttpReply | AvailabilityAnswer>, close(): void }

/** Questions to one registry, a few at a time; whoever has waited out the time gets `registry_busy` without having been sent. */
function openLane(base: string, width: number): Lane {
  const client: HttpClient = createHttpClient({ name: 'RDAP', baseUrl: base.replace(/\/$/, ''), readRetries: 0, redirects: 0, maxBytes: 262_144, connectMilliseconds: 3_000 })
  const waiting: (() => void)[] = []
  let running = 0
  return {
    async ask(path, milliseconds) {
      const started = performance.now()
      if (running >= width) await new Promise<void>(resolve => waiting.push(resolve))
      running += 1
      try {
        const left = milliseconds - (performance.now() - started)
        if (left < 50) return unknown('registry_busy')
        return await client.request({ method: 'GET', path: `/${path}`, headers: { accept: 'application/rdap+json' }, totalMilliseconds: Math.ceil(left) })
      } catch (error) {
        const late = performance.now() - started >= milliseconds - 20
        return unknown(late ? 'registry_slow' : error instanceof DriverError ? 'registry_unreachable' : 'registry_failed')
      } finally {
        running -= 1
        waiting.shift()?.()
      }
    },
    close: () => client.close(),
  }
}

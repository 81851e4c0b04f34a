import { Redis } from 'ioredis'

/**
 * The transient store: one-time codes, rate limits, locks, short caches. Each operation is atomic, also between replicas on Redis.
 * Everything in it may be lost: nothing that money or machines depend on stands here alone.
 */
export interface KeyValue {
  readonly kind: 'redis' | 'memory'
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlSeconds: number): Promise<void>
  /** False when the key exists already. */
  setIfAbsent(key: string, value: string, ttlSeconds: number): Promise<boolean>
  /** Reads and removes in one act: of many takers one gets it. */
  take(key: string): Promise<string | null>
  /** Counts up and answers the new count; the first count sets the expiry, later ones keep it. */
  increment(key: string, ttlSeconds: number): Promise<number>
  /** Seconds until the key lapses; 0 when there is none. */
  secondsLeft(key: string): Promise<number>
  delete(key: string): Promise<void>
  ping(): Promise<void>
  close(): Promise<void>
}

export function memoryKeyValue(now: () => number = Date.now): KeyValue {
  const entries = new Map<string, { value: string, expiresAt: number }>()
  const live = (key: string) => {
    const entry = entries.get(key)
    if (entry && entry.expiresAt <= now()) entries.delete(key)
    return entries.get(key)
  }
  const put = (key: string, value: string, ttlSeconds: number) => entries.set(key, { value, expiresAt: now() + ttlSeconds * 1000 })
  // What is never asked for again would stay: swept now and then.
  const sweep = setInterval(() => [...entries.keys()].forEach(live), 60_000)
  sweep.unref()
  return {
    kind: 'memory',
    get: async key => live(key)?.value ?? null,
    set: async (key, value, ttl) => void put(key, value, ttl),
    setIfAbsent: async (key, value, ttl) => !live(key) && Boolean(put(key, value, ttl)),
    take: async (key) => {
      const entry = live(key)
      entries.delete(key)
      return entry?.value ?? null
    },
    increment: async (key, ttl) => {
      const entry = live(key)
      if (!entry) put(key, '1', ttl)
      else entry.value = String(Number(entry.value) + 1)
      return Number(entries.get(key)?.value)
    },
    secondsLeft: async (key) => {
      const entry = live(key)
      return entry ? Math.ceil((entry.expiresAt - now()) / 1000) : 0
    },
    delete: async key => void entries.delete(key),
    ping: async () => {},
    close: async () => clearInterval(sweep),
  }
}

export function redisKeyValue(redis: Redis, prefix = 'gardu:kv:'): KeyValue {
  const k = (key: string) => prefix + key
  const countScript = 'local n = redis.call("INCR", KEYS[1]) if n == 1 then redis.call("EXPIRE", KEYS[1], ARGV[1]) end return n'
  return {
    kind: 'redis',
    get: key => redis.get(k(key)),
    set: async (key, value, ttl) => void await redis.set(k(key), value, 'EX', ttl),
    setIfAbsent: async (key, value, ttl) => await redis.set(k(key), value, 'EX', ttl, 'NX') === 'OK',
    take: key => redis.getdel(k(key)),
    increment: async (key, ttl) => Number(await redis.eval(countScript, 1, k(key), ttl)),
    secondsLeft: async key => Math.max(0, await redis.ttl(k(key))),
    delete: async key => void await redis.del(k(key)),
    ping: async () => void await redis.ping(),
    close: async () => void await redis.quit(),
  }
}

export const openRedis = (url: string): Redis => new Redis(url, { maxRetriesPerRequest: 2, enableReadyCheck: true, connectTimeout: 5_000 })

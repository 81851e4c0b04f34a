import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryKeyValue, openRedis, redisKeyValue } from '#server/platform/kv.ts'
import type { KeyValue } from '#server/platform/kv.ts'
import { redisUrl } from '../support/redis.ts'

const url = redisUrl()
const peers: [string, () => KeyValue][] = [['memory', () => memoryKeyValue()], ...(url ? [['redis', () => redisKeyValue(openRedis(url), `gardu:test:${crypto.randomUUID()}:`)] as [string, () => KeyValue]] : [])]

describe.each(peers)('the transient store in %s', (_, open) => {
  let kv: KeyValue
  beforeAll(() => {
    kv = open()
  })
  afterAll(() => kv.close())

  it('keeps a value and forgets it when deleted', async () => {
    await kv.set('a', 'x', 60)
    expect(await kv.get('a')).toBe('x')
    await kv.delete('a')
    expect(await kv.get('a')).toBeNull()
  })

  it('of a hundred takers one gets the value', async () => {
    await kv.set('otp', '123456', 60)
    const taken = await Promise.all(Array.from({ length: 100 }, () => kv.take('otp')))
    expect(taken.filter(value => value !== null)).toEqual(['123456'])
  })

  it('counts a hundred parallel increments without losing one, and keeps the first expiry', async () => {
    const counts = await Promise.all(Array.from({ length: 100 }, () => kv.increment('n', 60)))
    expect(Math.max(...counts)).toBe(100)
    expect(new Set(counts).size).toBe(100)
    expect(await kv.secondsLeft('n')).toBeGreaterThan(0)
  })

  it('sets only what is absent', async () => {
    const wins = await Promise.all(Array.from({ length: 20 }, (_, i) => kv.setIfAbsent('lock', String(i), 60)))
    expect(wins.filter(Boolean)).toHaveLength(1)
  })

  it('answers ping', () => expect(kv.ping()).resolves.toBeUndefined())
})

describe('the transient store in memory', () => {
  it('forgets what has lapsed', async () => {
    let now = 0
    const kv = memoryKeyValue(() => now)
    await kv.set('a', 'x', 10)
    now = 10_000
    expect(await kv.get('a')).toBeNull()
    expect(await kv.increment('a', 10)).toBe(1)
    await kv.close()
  })
})

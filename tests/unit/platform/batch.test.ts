import { describe, expect, it, vi } from 'vitest'
import { atMostEvery, inBatches, shareNext } from '#server/platform/batch.ts'

describe('work in batches', () => {
  it('items that arrive while one batch is under way share the next, none beyond the limit', async () => {
    const sizes: number[] = []
    const add = inBatches<number>(async (items) => {
      sizes.push(items.length)
      await Promise.resolve()
    }, 4)
    await Promise.all(Array.from({ length: 10 }, (_, i) => add(i)))
    expect(sizes).toEqual([1, 4, 4, 1])
  })

  it('one bad item fails alone: the others of its batch are done', async () => {
    const done: number[] = []
    const add = inBatches<number>(async (items) => {
      await Promise.resolve()
      if (items.includes(3)) throw new Error('bad')
      done.push(...items)
    }, 10)
    const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map(add))
    expect(outcomes.map(outcome => outcome.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(done.sort()).toEqual([0, 1, 2, 4])
  })
})

describe('an answer shared', () => {
  it('whoever asks while one run is under way gets the next: no answer is older than its question', async () => {
    let value = 1
    const runs: (() => void)[] = []
    const read = shareNext(async () => {
      const seen = value
      await new Promise<void>(resolve => runs.push(resolve))
      return seen
    })
    const first = read()
    await vi.waitFor(() => expect(runs).toHaveLength(1))
    value = 2
    const later = [read(), read()]
    runs[0]?.()
    await vi.waitFor(() => expect(runs).toHaveLength(2))
    runs[1]?.()
    expect([await first, ...await Promise.all(later)]).toEqual([1, 2, 2])
    expect(runs).toHaveLength(2)
  })
  it('a run that fails fails for those who shared it only', async () => {
    let fail = true
    const read = shareNext(() => fail ? Promise.reject(new Error('away')) : Promise.resolve('there'))
    await expect(read()).rejects.toThrow('away')
    fail = false
    expect(await read()).toBe('there')
  })
})

describe('at most every so often', () => {
  it('acts at once, then once for all who asked meanwhile, and rests when nobody did', () => {
    vi.useFakeTimers()
    try {
      let acts = 0
      const ask = atMostEvery(100, () => acts++)
      for (let i = 0; i < 5; i++) ask()
      expect(acts).toBe(1)
      vi.advanceTimersByTime(100)
      expect(acts).toBe(2)
      vi.advanceTimersByTime(1_000)
      expect(acts).toBe(2)
      ask()
      expect(acts).toBe(3)
    } finally {
      vi.useRealTimers()
    }
  })
})

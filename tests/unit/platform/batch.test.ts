import { describe, expect, it } from 'vitest'
import { inBatches } from '#server/platform/batch.ts'

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

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { secretBox } from '#server/platform/secrets.ts'
import { uuidv7 } from '#server/platform/ids.ts'

describe('secrets at rest (D24)', () => {
  const key = randomBytes(32)

  it('come back as they were, and never look the same twice', () => {
    const box = secretBox([key])
    expect(box.open(box.seal('rahasia ✓'))).toBe('rahasia ✓')
    expect(box.seal('x')).not.toBe(box.seal('x'))
  })

  it('a changed text does not open', () => {
    const sealed = secretBox([key]).seal('rahasia')
    const last = sealed.at(-2) === 'A' ? 'B' : 'A'
    expect(() => secretBox([key]).open(`${sealed.slice(0, -2)}${last}${sealed.at(-1)}`)).toThrow()
  })

  it('a new key seals while the old one still opens', () => {
    const sealed = secretBox([key]).seal('rahasia')
    const rotated = secretBox([randomBytes(32), key])
    expect(rotated.open(sealed)).toBe('rahasia')
    expect(() => secretBox([key]).open(rotated.seal('baru'))).toThrow()
  })
})

describe('ids', () => {
  it('are UUIDs of version 7 and sort by time', () => {
    const first = uuidv7()
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Math.abs(Number.parseInt(first.replaceAll('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(1000)
  })

  it('do not repeat', () => {
    expect(new Set(Array.from({ length: 10_000 }, uuidv7)).size).toBe(10_000)
  })
})

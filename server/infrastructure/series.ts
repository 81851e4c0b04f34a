import { seriesFigures } from '#shared/vocabulary/monitoring.ts'
import type { SeriesKind, SeriesStep } from '#shared/vocabulary/monitoring.ts'
import type { MetricRange } from '#shared/vocabulary/machines.ts'

/**
 * Figures over time. A step is cut into chunks of so many slots, one row each: a range is read as a few rows by key. A slot holds, for each figure, its average, its highest and how many samples
 * they were made of (of `raw` the sample alone); what nobody measured is a gap, never 0.
 */
export interface StepRule { readonly seconds: number, /** Slots of a chunk. */ readonly slots: number, readonly keepDays: number }
export const stepRules: Readonly<Record<SeriesStep, StepRule>> = {
  // Small enough that PostgreSQL keeps a chunk in its row: it is written every thirty seconds.
  raw: { seconds: 30, slots: 40, keepDays: 1 },
  five_minutes: { seconds: 300, slots: 72, keepDays: 30 },
  hour: { seconds: 3600, slots: 240, keepDays: 731 },
  day: { seconds: 86_400, slots: 122, keepDays: 3660 },
}
/** What each step is made of, in the order in which they are made. */
export const rollUps = [['raw', 'five_minutes'], ['five_minutes', 'hour'], ['hour', 'day']] as const satisfies readonly (readonly [SeriesStep, SeriesStep])[]

/** One moment of a series: `at` is the beginning of its step in milliseconds since 1970. */
export interface Bucket { readonly at: number, readonly average: readonly (number | null)[], readonly highest: readonly (number | null)[], /** Samples behind each figure. */ readonly samples: readonly number[] }

export const stepMilliseconds = (step: SeriesStep): number => stepRules[step].seconds * 1000
export const beginOf = (milliseconds: number, at: number): number => Math.floor(at / milliseconds) * milliseconds
/** The chunk that a moment is in, and its slot there. */
export function slotOf(step: SeriesStep, at: number): { readonly startsAt: number, readonly slot: number } {
  const length = stepMilliseconds(step)
  const startsAt = beginOf(length * stepRules[step].slots, at)
  return { startsAt, slot: Math.floor((at - startsAt) / length) }
}

/** Numbers of a slot, four bytes each. */
export const slotWidth = (step: SeriesStep, kind: SeriesKind): number => seriesFigures[kind].length * (step === 'raw' ? 1 : 3)
/** A slot as it is stored. */
export function packSlot(step: SeriesStep, { average, highest, samples }: Bucket): Uint8Array {
  const numbers = step === 'raw' ? average : [...average, ...highest, ...samples]
  return new Uint8Array(Float32Array.from(numbers, value => value ?? Number.NaN).buffer)
}
/** The slots of a chunk in which anything was measured, from a moment on, oldest first. */
export function unpackChunk(step: SeriesStep, kind: SeriesKind, startsAt: number, bytes: Uint8Array, from = Number.NEGATIVE_INFINITY): Bucket[] {
  const figures = seriesFigures[kind].length
  const width = slotWidth(step, kind)
  const length = stepMilliseconds(step)
  // Bytes from the database begin anywhere; numbers of four bytes begin at multiples of four.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const numbers = new Float32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / 4))
  const part = (base: number): (number | null)[] => {
    const values = Array<number | null>(figures)
    for (let f = 0; f < figures; f++) {
      const value = numbers[base + f] ?? Number.NaN
      values[f] = Number.isNaN(value) ? null : value
    }
    return values
  }
  const found: Bucket[] = []
  for (let slot = Math.max(0, Math.ceil((from - startsAt) / length)); slot * width < numbers.length; slot++) {
    const base = slot * width
    const average = part(base)
    if (average.every(value => value === null)) continue
    found.push({ at: startsAt + slot * length, average, highest: step === 'raw' ? average : part(base + figures), samples: step === 'raw' ? average.map(value => value === null ? 0 : 1) : part(base + 2 * figures).map(value => value ?? 0) })
  }
  return found
}

/** Buckets of any length into longer ones: averages by the number of samples, the highest of all. A gap stays one. The order of the input means nothing; two buckets of one moment count once, the later one. */
export function rollUp(buckets: readonly Bucket[], milliseconds: number): Bucket[] {
  const once = new Map(buckets.map(bucket => [bucket.at, bucket]))
  return [...Map.groupBy(once.values(), bucket => beginOf(milliseconds, bucket.at))].sort(([a], [b]) => a - b).map(([at, inside]) => {
    const figures = inside[0]?.average.length ?? 0
    const each = Array.from({ length: figures }, (_, f) => {
      const told = inside.filter(bucket => bucket.average[f] !== null && (bucket.samples[f] ?? 0) > 0)
      const samples = told.reduce((sum, bucket) => sum + (bucket.samples[f] ?? 0), 0)
      return {
        samples, average: samples === 0 ? null : told.reduce((sum, bucket) => sum + (bucket.average[f] ?? 0) * (bucket.samples[f] ?? 0), 0) / samples,
        highest: samples === 0 ? null : Math.max(...told.map(bucket => bucket.highest[f] ?? Number.NEGATIVE_INFINITY)),
      }
    })
    return { at, average: each.map(one => one.average), highest: each.map(one => one.highest), samples: each.map(one => one.samples) }
  })
}

/** How each range is read: the step, how far back, and how many steps make a point of the graph: at most about 400 points. */
export const rangeRules: Readonly<Record<MetricRange, { readonly step: SeriesStep, readonly points: number, readonly stepsPerPoint: number }>> = {
  hour: { step: 'raw', points: 120, stepsPerPoint: 1 },
  day: { step: 'five_minutes', points: 288, stepsPerPoint: 1 },
  week: { step: 'hour', points: 168, stepsPerPoint: 1 },
  month: { step: 'hour', points: 360, stepsPerPoint: 2 },
  year: { step: 'day', points: 366, stepsPerPoint: 1 },
}
/** From when on a range is read. */
export function rangeStart(range: MetricRange, now: number): number {
  const { step, points, stepsPerPoint } = rangeRules[range]
  const length = stepMilliseconds(step) * stepsPerPoint
  return beginOf(length, now) - (points - 1) * length
}
/** Every point of a range, gaps included, so that a graph shows them. */
export function pointsOf(range: MetricRange, now: number, buckets: readonly Bucket[], figures: number): Bucket[] {
  const { step, points, stepsPerPoint } = rangeRules[range]
  const length = stepMilliseconds(step) * stepsPerPoint
  const from = rangeStart(range, now)
  const known = new Map((stepsPerPoint === 1 ? buckets : rollUp(buckets, length)).map(bucket => [bucket.at, bucket]))
  const gap = { average: Array<null>(figures).fill(null), highest: Array<null>(figures).fill(null), samples: Array<number>(figures).fill(0) }
  return Array.from({ length: points }, (_, i) => known.get(from + i * length) ?? { at: from + i * length, ...gap })
}

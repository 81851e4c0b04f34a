/** Repeatable chance (mulberry32): the same seed throws the same dice, so that a failure can be looked at again. */
export interface Dice { next(): number, chance(probability: number): boolean, between(least: number, most: number): number, pick<T>(choices: readonly [T, ...T[]]): T }

export function dice(seed: number): Dice {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return { next, between, chance: probability => next() < probability, pick: choices => choices[between(0, choices.length - 1)] ?? choices[0] }
}

/** Faults that every simulator knows. Counters count down as they strike; everything else holds until it is taken back. */
export interface CommonFaults {
  /** Each answer waits this long. */
  latencyMs: number
  /** So many requests are refused before anything is done. */
  failNext: number
  /** HTTP status of those refusals. */
  failStatus: number
  /** Share (0…1) of requests refused before anything is done. */
  errorRate: number
  /** So many requests are never answered, and nothing is done. */
  hangBeforeAct: number
  /** So many requests are carried out and never answered: the caller's time-out is an unknown outcome. */
  hangAfterAct: number
  /** So many requests are carried out, and then their connection is cut: the outcome is unknown at once. */
  cutAfterAct: number
  /** So many requests are carried out and answered by a page that is no JSON. */
  garbleNext: number
  /** Every connection is cut at once. */
  down: boolean
  /** Regular expression on `METHOD /path`: the faults above strike only where it matches. Empty: everywhere. */
  match: string
}

export const noFaults: CommonFaults = { latencyMs: 0, failNext: 0, failStatus: 503, errorRate: 0, hangBeforeAct: 0, hangAfterAct: 0, cutAfterAct: 0, garbleNext: 0, down: false, match: '' }

export type Strike = 'none' | 'refuse' | 'cut' | 'hang-before' | 'hang-after' | 'cut-after' | 'garble'

export interface FaultBox<T extends object> {
  readonly current: T
  /** Sets what is given, keeps the rest. @throws on a name that the simulator does not know: a misspelled fault would prove nothing. */
  set(faults: Partial<T>): void
  clear(): void
}

export function faultBox<T extends object>(none: T): FaultBox<T> {
  const current = { ...none }
  return {
    current,
    set(faults) {
      for (const [name, value] of Object.entries(faults)) {
        if (!(name in none)) throw new Error(`unknown fault ${name}; known: ${Object.keys(none).join(', ')}`)
        const expected = none[name as keyof T]
        if (expected !== null && typeof value !== typeof expected) throw new Error(`fault ${name} must be a ${typeof expected}`)
      }
      Object.assign(current, faults)
    },
    clear: () => void Object.assign(current, none),
  }
}

/** What befalls this request; counts the counters down. */
export function strike(faults: CommonFaults, label: string, random: () => number = Math.random): Strike {
  if (faults.match && !new RegExp(faults.match).test(label)) return 'none'
  if (faults.down) return 'cut'
  if (faults.failNext > 0) {
    faults.failNext -= 1
    return 'refuse'
  }
  if (faults.errorRate > 0 && random() < faults.errorRate) return 'refuse'
  if (faults.hangBeforeAct > 0) {
    faults.hangBeforeAct -= 1
    return 'hang-before'
  }
  if (faults.hangAfterAct > 0) {
    faults.hangAfterAct -= 1
    return 'hang-after'
  }
  if (faults.cutAfterAct > 0) {
    faults.cutAfterAct -= 1
    return 'cut-after'
  }
  if (faults.garbleNext > 0) {
    faults.garbleNext -= 1
    return 'garble'
  }
  return 'none'
}

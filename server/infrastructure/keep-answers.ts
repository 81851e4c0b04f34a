import type { Clock } from '../kernel/ports.ts'

const mostKept = 500

/** Answers by key, kept for so long, failures as well: a page that is reloaded asks no server that is slow already. At most five hundred, the oldest go first. */
export function keepAnswers<T>(wallClock: Clock, milliseconds: number) {
  const kept = new Map<string, { readonly until: number, readonly answer: Promise<T> }>()
  return {
    get(key: string, ask: () => Promise<T>): Promise<T> {
      const now = wallClock.now().getTime()
      const known = kept.get(key)
      if (known && known.until > now) return known.answer
      kept.delete(key)
      for (const [oldest] of kept) if (kept.size >= mostKept) kept.delete(oldest)
      const answer = ask()
      kept.set(key, { until: now + milliseconds, answer })
      return answer
    },
    forget: (key: string) => void kept.delete(key),
  }
}

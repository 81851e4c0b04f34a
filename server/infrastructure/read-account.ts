import type { Clock, Log } from '../kernel/ports.ts'
import type { OpenPanel, ReadAccount } from './panel-ports.ts'

interface Deps { readonly openPanel: OpenPanel, readonly wallClock: Clock, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 6_000
const keptFor = 60_000
const mostKept = 500

/** Implements the port. What was read is kept for a minute, failures as well: a page that is reloaded asks no server that is slow already. */
export function readAccount({ openPanel, wallClock, log, within }: Deps): ReadAccount {
  const kept = new Map<string, { readonly until: number, readonly answer: ReturnType<ReadAccount> }>()
  const ask: ReadAccount = async ({ connectionId, ref, month }) => {
    try {
      const driver = await openPanel(connectionId)
      return await within(patience, (async () => {
        const state = await driver.find(ref)
        return state && { state, transferredMiB: await driver.traffic(ref, month) / 1_048_576, at: wallClock.now() }
      })())
    } catch (error) {
      log.warn({ connection: connectionId, problem: error instanceof Error ? error.message : String(error) }, 'an account could not be read')
      return null
    }
  }
  return (input) => {
    const key = `${input.connectionId} ${input.ref.ownershipMark}`
    const now = wallClock.now().getTime()
    const known = kept.get(key)
    if (known && known.until > now) return known.answer
    kept.delete(key)
    for (const [oldest] of kept) if (kept.size >= mostKept) kept.delete(oldest)
    const answer = ask(input)
    kept.set(key, { until: now + keptFor, answer })
    return answer
  }
}

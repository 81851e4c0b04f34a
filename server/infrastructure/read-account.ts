import type { Clock, Log } from '../kernel/ports.ts'
import { keepAnswers } from './keep-answers.ts'
import type { OpenPanel, PanelDriver, ReadAccount } from './panel-ports.ts'
import type { ReadWeb } from './panel-web-ports.ts'

interface Deps { readonly openPanel: OpenPanel, readonly wallClock: Clock, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 6_000
/** A year of months is a dozen questions. */
const yearsPatience = 15_000
const minute = 60_000

/** What a panel says, or null where it does not answer in time. */
const asking = ({ openPanel, log, within }: Deps) => async <T>(connectionId: string, milliseconds: number, ask: (driver: PanelDriver) => Promise<T>): Promise<T | null> => {
  try {
    const driver = await openPanel(connectionId)
    return await within(milliseconds, ask(driver))
  } catch (error) {
    log.warn({ connection: connectionId, problem: error instanceof Error ? error.message : String(error) }, 'an account could not be read')
    return null
  }
}

/** Implements the port. */
export function readAccount(deps: Deps): ReadAccount {
  const ask = asking(deps)
  const kept = keepAnswers<Awaited<ReturnType<ReadAccount>>>(deps.wallClock, minute)
  return ({ connectionId, ref, month }) => kept.get(`${connectionId} ${ref.ownershipMark}`, () => ask(connectionId, patience, async (driver) => {
    const state = await driver.find(ref)
    return state && { state, transferredMiB: await driver.traffic(ref, month) / 1_048_576, at: deps.wallClock.now() }
  }))
}

/** Implements the port. */
export function readWeb(deps: Deps): ReadWeb {
  const ask = asking(deps)
  const certificates = keepAnswers<Awaited<ReturnType<ReadWeb['certificates']>>>(deps.wallClock, minute)
  const traffic = keepAnswers<Awaited<ReturnType<ReadWeb['traffic']>>>(deps.wallClock, 60 * minute)
  return {
    certificates: ({ connectionId, ref }) => certificates.get(ref.ownershipMark, () => ask(connectionId, patience, async driver => ({ ...await driver.certificates(ref), at: deps.wallClock.now() }))),
    async traffic({ connectionId, ref, months }) {
      const key = `${ref.ownershipMark} ${months.at(-1)?.year}-${months.at(-1)?.month}`
      const answer = await traffic.get(key, () => ask(connectionId, yearsPatience, driver => driver.trafficByMonth(ref, months)))
      // A server that was slow once is asked again soon, not in an hour.
      if (answer === null) traffic.forget(key)
      return answer
    },
    forget: mark => certificates.forget(mark),
  }
}

import { DriverError } from '#shared/errors/driver-error.ts'
import type { Log } from '../kernel/ports.ts'
import type { HypervisorLook } from './ports.ts'
import { toMeasure } from './measured-traffic.ts'
import type { Told } from './measured-traffic.ts'
import { measuredAtOnce } from './traffic-ports.ts'
import type { CountedMachine, MeasuredTraffic } from './traffic-ports.ts'

interface Deps { readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
/** Of one look: a thousand machines are measured every minute, five thousand every five; samples are kept for an hour at the least. */
const callsAtMost = 16
/** What is told by then is counted, the rest by the next look. */
const patience = 8_000

/** What samples tell of those of these machines that are due. Null: it has counters, or nothing was told. Samples that were not told now are asked for again by the next look; the connection is not called unhealthy for it. */
export async function askTraffic({ log, within }: Deps, connectionId: string, { measure, machines: observed }: HypervisorLook, machines: readonly CountedMachine[], before: Date): Promise<{ readonly told: Told, readonly now: Date } | null> {
  if (!measure) return null
  const told = new Map<string, { readonly at: Date, readonly intervals: MeasuredTraffic['intervals'][number] }>()
  let now: Date | null = null
  let over = false
  const problems = new Set<string>()
  async function ask(batch: readonly CountedMachine[]): Promise<void> {
    if (over || !measure) return
    try {
      const { at, intervals } = await measure(batch.map(({ ownershipMark, vmid, measured }) => ({ ownershipMark, vmid, since: measured?.countedTo ?? null })))
      if (over) return
      now = at
      for (const [index, { serviceId }] of batch.entries()) told.set(serviceId, { at, intervals: intervals[index] ?? [] })
    } catch (error) {
      if (!(error instanceof DriverError)) throw error
      problems.add(error.message)
      // One machine that cannot be asked for is found, so that the others of its call are not missed for it.
      const half = batch.length >> 1
      if (half === 0 || (error.kind !== 'permanent' && error.kind !== 'not_found')) return
      await ask(batch.slice(0, half))
      await ask(batch.slice(half))
    }
  }
  const due = toMeasure(machines, observed, before, callsAtMost * measuredAtOnce)
  let broken: unknown = null
  const work = async () => {
    // Without any that is due the clock alone is told.
    for (let from = 0; from === 0 || from < due.length; from += measuredAtOnce) await ask(due.slice(from, from + measuredAtOnce))
  }
  await within(patience, work().catch((error: unknown) => void (broken = error))).catch((late: unknown) => void problems.add(late instanceof Error ? late.message : String(late)))
  over = true
  if (broken) throw broken as Error
  if (problems.size > 0) log.info({ connection: connectionId, problems: [...problems].slice(0, 3) }, 'not all traffic was told')
  return now && { told, now }
}

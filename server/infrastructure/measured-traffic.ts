import { shiftMonth } from '#shared/calendar/month.ts'
import type { ObservedMachine } from './ports.ts'
import type { MonthOf } from './traffic.ts'
import type { CountedMachine, MeasuredTo, MovedInterval, TrafficAdd } from './traffic-ports.ts'

export interface TrafficCalendar { readonly monthOf: MonthOf, readonly startOfDay: (day: string) => Date }
/** What is known of one machine at a moment of its hypervisor's clock. */
export interface Measurement { readonly at: Date, readonly off: boolean, readonly intervals: readonly MovedInterval[] }
export interface MeasuredMonth { readonly month: string, readonly bytesIn: number, readonly bytesOut: number, readonly measuredSeconds: number, readonly missedSeconds: number }

/** Looks are half a minute apart: a machine that was off at one and at the next moved nothing in between. Over a longer time it may have run unseen. */
const offFor = 120_000
/** No hypervisor keeps samples longer. What they did not tell by then is missed for good. */
const keptFor = 86_400_000
/** A running machine is measured again after so long. */
const measureEvery = 55_000

/**
 * What samples add to the months since a machine was last counted, and how far it is counted then. A sample counts whole, in the month in which it began, once and only if it begins where counting ended or later; time that none covers is
 * missed, or known to be without traffic where the machine was off at both of its ends. What the newest sample does not reach yet stays open for the next call. Pure.
 */
export function measuredBetween(last: Pick<MeasuredTo, 'countedTo' | 'off'>, { at, off, intervals }: Measurement, { monthOf, startOfDay }: TrafficCalendar): { readonly months: readonly MeasuredMonth[], readonly to: MeasuredTo } {
  const months = new Map<string, MeasuredMonth>()
  const add = (month: string, more: Partial<MeasuredMonth>) => {
    const { bytesIn = 0, bytesOut = 0, measuredSeconds = 0, missedSeconds = 0 } = months.get(month) ?? {}
    months.set(month, { month, bytesIn: bytesIn + (more.bytesIn ?? 0), bytesOut: bytesOut + (more.bytesOut ?? 0), measuredSeconds: measuredSeconds + (more.measuredSeconds ?? 0), missedSeconds: missedSeconds + (more.missedSeconds ?? 0) })
  }
  const spend = (from: Date, to: Date, known: boolean) => {
    for (let begin = from; begin < to;) {
      const month = monthOf(begin)
      const turn = startOfDay(`${shiftMonth(month, 1)}-01`)
      const end = turn < to ? turn : to
      const seconds = (end.getTime() - begin.getTime()) / 1000
      add(month, known ? { measuredSeconds: seconds } : { missedSeconds: seconds })
      begin = end
    }
  }
  let { countedTo, off: wasOff } = last
  const pass = (to: Date) => {
    if (to <= countedTo) return
    spend(countedTo, to, wasOff && to.getTime() - countedTo.getTime() <= offFor)
    countedTo = to
  }
  // Of two that begin together the finer one: what follows it is not lost by what the other reaches over.
  for (const { from, to, bytesIn, bytesOut } of [...intervals].sort((a, b) => a.from.getTime() - b.from.getTime() || a.to.getTime() - b.to.getTime())) {
    if (from < countedTo || to <= from) continue
    pass(from)
    add(monthOf(from), { bytesIn, bytesOut, measuredSeconds: (to.getTime() - from.getTime()) / 1000 })
    countedTo = to
    wasOff = false
  }
  pass(off ? at : new Date(at.getTime() - keptFor))
  if (off) wasOff = true
  else if (at.getTime() - countedTo.getTime() >= keptFor) wasOff = false
  return { months: [...months.values()], to: { countedTo, off: wasOff, lagSeconds: Math.max(0, at.getTime() - countedTo.getTime()) / 1000 } }
}

const seenOf = (observed: readonly ObservedMachine[]) => {
  const byNumber = Map.groupBy(observed, machine => machine.vmid)
  return ({ vmid, ownershipMark }: CountedMachine) => {
    const seen = byNumber.get(vmid)?.find(machine => machine.ownershipMark === ownershipMark)
    return seen && seen.power !== 'unknown' ? seen : null
  }
}

/** Those of a look whose samples have to be asked for, longest not measured first, at most so many. One that was off and still is has none. */
export function toMeasure(machines: readonly CountedMachine[], observed: readonly ObservedMachine[], at: Date, most: number): CountedMachine[] {
  const seen = seenOf(observed)
  const since = ({ measured }: CountedMachine) => measured?.at.getTime() ?? 0
  return machines.filter((machine) => {
    const found = seen(machine)
    if (!found) return false
    return found.power === 'stopped' ? machine.measured?.off !== true : machine.measured?.off === true || since(machine) <= at.getTime() - measureEvery
  }).sort((a, b) => since(a) - since(b)).slice(0, most)
}

/** By service: when it was measured, by the hypervisor's clock, and what its samples told. */
export type Told = ReadonlyMap<string, { readonly at: Date, readonly intervals: readonly MovedInterval[] }>

/**
 * What one look adds to the books. `now`: of the hypervisor's clock, for machines that are off. One that is measured for the first time counts from its start or, if it runs longer, from the month's: what was moved before nobody asked
 * is missed, and said. One of which a later look is there already is left out. Pure.
 */
export function measuredRows(machines: readonly CountedMachine[], observed: readonly ObservedMachine[], { told, now, readAt }: { readonly told: Told, readonly now: Date, readonly readAt: Date }, calendar: TrafficCalendar): TrafficAdd[] {
  const seen = seenOf(observed)
  const begin = (at: Date, uptimeSeconds: number) => new Date(Math.max(calendar.startOfDay(`${calendar.monthOf(at)}-01`).getTime(), at.getTime() - uptimeSeconds * 1000))
  return machines.flatMap((machine) => {
    const found = seen(machine)
    const { serviceId, measured, readAt: after } = machine
    const answer = told.get(serviceId) ?? (found?.power === 'stopped' && measured?.off ? { at: now, intervals: [] } : null)
    if (!found || !answer || (measured && measured.at >= readAt)) return []
    const off = found.power === 'stopped'
    const { months, to } = measuredBetween(measured ?? { countedTo: off ? answer.at : begin(answer.at, found.uptimeSeconds), off }, { ...answer, off }, calendar)
    const month = calendar.monthOf(to.countedTo)
    // How far it is counted stands in the newest month that has anything of it.
    const rows = months.length > 0 ? months : [{ month, bytesIn: 0, bytesOut: 0, measuredSeconds: 0, missedSeconds: 0 }]
    return rows.map(({ measuredSeconds, missedSeconds, ...moved }) => ({ serviceId, after, ...moved, reading: { ...to, measuredSeconds, missedSeconds } }))
  })
}

import { shiftMonth } from '#shared/calendar/month.ts'
import type { ObservedMachine } from './ports.ts'
import type { CountedMachine, TrafficAdd, TrafficReading } from './traffic-ports.ts'

/** A hypervisor's times are some seconds old, and its clock goes a little differently. */
const slackSeconds = 120
/** The running month and those before it that are kept. */
const keptMonths = 24

/** In which month a moment lies in the business zone: `2026-11`. */
export type MonthOf = (at: Date) => string

/**
 * What a machine moved between two readings, and the month that it belongs to. Counters are of the running process: they begin at zero at each start of the machine. Nothing is invented: what two readings cannot
 * prove is not counted, so a gap loses at most what nobody saw. Traffic over the turn of a month belongs to the month in which it began. Pure.
 */
export function trafficBetween(last: TrafficReading | null, now: TrafficReading, monthOf: MonthOf): { readonly month: string, readonly bytesIn: number, readonly bytesOut: number } {
  const month = monthOf(now.at)
  const startedAt = new Date(now.at.getTime() - now.uptimeSeconds * 1000)
  const nothing = { month, bytesIn: 0, bytesOut: 0 }
  // Seen for the first time: its process says how old it is. One that is older than the month says nothing about the month.
  if (!last) return monthOf(startedAt) === month ? { month, bytesIn: now.in, bytesOut: now.out } : nothing
  // Another process than the last one: all that it moved came after the last reading.
  if (now.uptimeSeconds < last.uptimeSeconds) return { month: monthOf(startedAt > last.at && startedAt <= now.at ? startedAt : last.at), bytesIn: now.in, bytesOut: now.out }
  // Older than it can be: the last reading was wrong about it, and would be counted twice.
  if (now.uptimeSeconds - last.uptimeSeconds > (now.at.getTime() - last.at.getTime()) / 1000 + slackSeconds) return nothing
  // A card was taken out or made anew: how much was moved before and after is not known.
  if (now.in < last.in || now.out < last.out) return nothing
  return { month: monthOf(last.at), bytesIn: now.in - last.in, bytesOut: now.out - last.out }
}

/** What one collection adds to the books. A machine whose counters are not told is left out: it has a gap; so is one of which a later look is there already, which has counted the same. Pure. */
export function trafficRows(machines: readonly CountedMachine[], observed: readonly ObservedMachine[], at: Date, monthOf: MonthOf): TrafficAdd[] {
  const byNumber = Map.groupBy(observed, machine => machine.vmid)
  // Thousands of machines were last read in the same moment.
  const known = new Map<number, string>()
  const monthAt: MonthOf = (moment) => {
    const found = known.get(moment.getTime()) ?? monthOf(moment)
    known.set(moment.getTime(), found)
    return found
  }
  const month = monthAt(at)
  return machines.flatMap(({ serviceId, ownershipMark, vmid, last, readAt: after }) => {
    const seen = byNumber.get(vmid)?.find(machine => machine.ownershipMark === ownershipMark)
    if (!seen?.counters || seen.power === 'unknown' || (last && last.at >= at)) return []
    const reading = { in: seen.counters.in, out: seen.counters.out, uptimeSeconds: seen.uptimeSeconds }
    const moved = trafficBetween(last, { ...reading, at }, monthAt)
    return moved.month === month ? [{ serviceId, after, ...moved, reading }] : [{ serviceId, after, ...moved, reading }, { serviceId, after, month, bytesIn: 0, bytesOut: 0, reading }]
  })
}

export const countedSince = (at: Date, monthOf: MonthOf): string => shiftMonth(monthOf(at), -1)
export const keptSince = (at: Date, monthOf: MonthOf): string => shiftMonth(monthOf(at), -keptMonths)

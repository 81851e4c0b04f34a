import type { z } from 'zod'
import { shiftMonth } from '#shared/calendar/month.ts'
import type { trafficConsumersView, trafficView } from '#shared/contracts/traffic.ts'
import { AppError } from '#shared/errors/codes.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import { countedBytes, limitBytes } from '#shared/vocabulary/traffic.ts'
import type { Clock, PageRequest } from '../kernel/ports.ts'
import type { ProvisioningStores } from './ports.ts'
import type { TrafficOrder, TrafficRead, TrafficStanding } from './traffic-ports.ts'

interface Deps { readonly read: Pick<ProvisioningStores, 'traffic'>, readonly clock: Clock, readonly monthOf: (at: Date) => string, readonly startOfDay: (day: string) => Date }
const shownMonths = 12
const day = 86_400_000
/** Samples come some minutes late. What they are silent about for longer is missed, as far as anybody knows now. */
const waitsFor = 900
function samplesOf({ samples, readAt }: TrafficRead, { current, now }: { readonly current: boolean, readonly now: Date }) {
  if (!samples || !readAt) return null
  const silent = samples.lagSeconds + Math.max(0, now.getTime() - readAt.getTime()) / 1000
  return { measuredSeconds: samples.measuredSeconds, missedSeconds: samples.missedSeconds + (current && silent > waitsFor ? silent : 0) }
}
/** A wish that was taken back counts until the machine was seen to have its rate again. */
const slowOf = ({ capMbps, capPending }: Pick<TrafficStanding, 'capMbps' | 'capPending'>) => capMbps === null && !capPending ? null : { mbps: capMbps, pending: capPending }

/** What the machine of a service moved this month and in those before, and what is included. @throws AppError not_found */
export const showTraffic = ({ read, clock, monthOf, startOfDay }: Deps) => async ({ id, clientId }: { readonly id: string, /** Null: for staff. */ readonly clientId: string | null }): Promise<z.input<typeof trafficView>> => {
  const now = clock.now()
  const month = monthOf(now)
  const standing = await read.traffic.standing(id, month)
  if (!standing || (clientId !== null && standing.clientId !== clientId)) throw new AppError('not_found')
  const { terms, bytesIn, bytesOut, capPending, capAt } = standing
  const slow = slowOf(standing)
  const resetsAt = startOfDay(`${shiftMonth(month, 1)}-01`)
  const can = machineCapabilities(standing.connectionKind)
  return {
    terms: terms && { ...terms }, month, bytesIn, bytesOut, samples: samplesOf(standing, { current: true, now }), usedBytes: countedBytes(terms, standing), resetsAt: resetsAt.toISOString(), daysLeft: Math.ceil((resetsAt.getTime() - now.getTime()) / day),
    counted: can && can.traffic, slowable: can?.rateLimit ?? true, readAt: standing.readAt?.toISOString() ?? null,
    slow: slow && { ...slow, since: capPending ? null : capAt?.toISOString() ?? null },
    months: (await read.traffic.months(id, shownMonths)).map(each => ({ month: each.month, bytesIn: each.bytesIn, bytesOut: each.bytesOut, samples: samplesOf(each, { current: each.month === month, now }), usedBytes: countedBytes(terms, each) })),
  }
}

/** Who moves most this month, by amount or by share of what is included. */
export const listTraffic = ({ read, clock, monthOf }: Deps) => async (filter: PageRequest & { readonly q?: string | undefined, readonly order: TrafficOrder }): Promise<z.input<typeof trafficConsumersView>> => {
  const now = clock.now()
  const month = monthOf(now)
  const found = await read.traffic.top({ ...filter, month })
  return {
    ...found, month,
    items: found.items.map(({ serviceId, hostname, clientId, clientName, bytesIn, bytesOut, terms, capMbps, capPending, ...read }) => ({ serviceId, hostname, clientId, clientName, bytesIn, bytesOut, samples: samplesOf(read, { current: true, now }), usedBytes: countedBytes(terms, { bytesIn, bytesOut }), limitBytes: terms && limitBytes(terms), slow: slowOf({ capMbps, capPending }) })),
  }
}

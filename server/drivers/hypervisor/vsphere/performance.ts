import { z } from 'zod'
import type { MetricRange } from '#shared/vocabulary/machines.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { MetricPoint } from '#server/infrastructure/ports.ts'
import type { MeasuredTraffic, MovedInterval } from '#server/infrastructure/traffic-ports.ts'
import { serviceInstance } from './soap.ts'
import type { Vim } from './soap.ts'
import type { Machine } from './transform.ts'
import { build, childOf, childrenOf, list, number, one, textOf } from './xml.ts'
import type { Mor, XmlNode } from './xml.ts'

const kibi = 1024
/** By the name under which a server knows them; their numbers differ from server to server. */
const counters = { cpu: 'cpu.usage.average', memoryUsed: 'mem.consumed.average', diskRead: 'disk.read.average', diskWrite: 'disk.write.average', netIn: 'net.received.average', netOut: 'net.transmitted.average' } as const
type Figure = keyof typeof counters
const figures = Object.keys(counters) as Figure[]
/** Use is told in hundredths of a percent, memory in KiB, rates in KiB a second. */
const unitOf = (figure: Figure): number => figure === 'cpu' ? 1 / 10_000 : kibi

/** Seconds of a sample and how far back they go. A host alone keeps an hour of the finest and a day of the next. */
const steps = {
  vcenter: { hour: [20, 3600], day: [300, 86_400], week: [1800, 7 * 86_400], month: [7200, 31 * 86_400], year: [86_400, 366 * 86_400] },
  esxi: { hour: [20, 3600], day: [300, 86_400], week: [300, 86_400], month: [300, 86_400], year: [300, 86_400] },
} as const satisfies Record<string, Record<MetricRange, readonly [number, number]>>

const managerRow = z.object({ perfCounter: list('PerfCounterInfo', z.object({ key: one(number), nameInfo: one(z.object({ key: one(z.string()) })), groupInfo: one(z.object({ key: one(z.string()) })), rollupType: one(z.string()) })) })

/** The samples of one entity: by the moment at which they end, in the order in which they are told. Missing and negative values are not known. */
function samplesOf(entity: XmlNode, names: ReadonlyMap<string, Figure>): { at: Date, seconds: number, values: Partial<Record<Figure, number>> }[] {
  const moments = childrenOf(entity, 'sampleInfo').map(info => ({ at: new Date(textOf(info, 'timestamp') ?? ''), seconds: Number(textOf(info, 'interval') ?? ''), values: {} as Partial<Record<Figure, number>> }))
  for (const series of childrenOf(entity, 'value')) {
    const id = childOf(series, 'id')
    const figure = names.get(textOf(id, 'counterId') ?? '')
    if (!figure || (textOf(id, 'instance') ?? '') !== '') continue
    for (const [index, { text }] of childrenOf(series, 'value').entries()) {
      const moment = moments[index]
      if (moment && /^\d+$/.test(text)) moment.values[figure] = Number(text) * unitOf(figure)
    }
  }
  return moments.filter(({ at }) => !Number.isNaN(at.getTime()))
}

/** What the server's performance manager tells of machines and hosts. */
export function performanceOf(vim: Vim, kind: 'vcenter' | 'esxi') {
  let known: Promise<ReadonlyMap<string, Figure>> | null = null
  /** The server's number of each counter. Kept: a server does not change them while it runs, and there are hundreds. */
  const names = (): Promise<ReadonlyMap<string, Figure>> => known ??= vim.content().then(async ({ perfManager }) => {
    if (!perfManager) return new Map()
    const [row] = await vim.read([perfManager], 'PerformanceManager', managerRow)
    const wanted = new Map(figures.map(figure => [counters[figure] as string, figure]))
    return new Map((row?.props.perfCounter ?? []).flatMap(({ key, nameInfo, groupInfo, rollupType }) => {
      const figure = wanted.get(`${groupInfo.key}.${nameInfo.key}.${rollupType}`)
      return figure ? [[String(key), figure] as const] : []
    }))
  }).catch((error: unknown) => {
    known = null
    throw error
  })

  /** By the server's own clock: ours may go differently. */
  async function clock(): Promise<Date> {
    const [now] = await vim.call('CurrentTimeRequestType', serviceInstance)
    const at = new Date(now?.text ?? '')
    if (Number.isNaN(at.getTime())) throw new DriverError('permanent', `${vim.label}: the answer to CurrentTime is no time`)
    return at
  }
  async function query(entities: readonly { readonly entity: Mor, readonly from: Date }[], only: readonly Figure[], interval: number, to: Date): Promise<XmlNode[]> {
    const { perfManager } = await vim.content()
    const metricId = [...await names()].filter(([, figure]) => only.includes(figure)).map(([counterId]) => build('PerfMetricId', { counterId, instance: '' }))
    if (!perfManager || metricId.length === 0 || entities.length === 0) return []
    const querySpec = entities.map(({ entity, from }) => build('PerfQuerySpec', { entity, startTime: from.toISOString(), maxSample: Math.ceil((to.getTime() - from.getTime()) / 1000 / interval), metricId, intervalId: interval, format: 'normal' }))
    return [...await vim.call('QueryPerfRequestType', perfManager, { querySpec })]
  }
  const ago = (now: Date, seconds: number) => new Date(now.getTime() - seconds * 1000)
  const later = (one: Date, other: Date) => one > other ? one : other
  const traffic = ['netIn', 'netOut'] as const
  /** What each sample says was moved; one that lacks either way says nothing. */
  const movedIn = (entity: XmlNode, known: ReadonlyMap<string, Figure>): MovedInterval[] => samplesOf(entity, known).flatMap(({ at, seconds, values: { netIn, netOut } }) =>
    netIn === undefined || netOut === undefined || !(seconds > 0) ? [] : [{ from: ago(at, seconds), to: at, bytesIn: netIn * seconds, bytesOut: netOut * seconds }])

  return {
    /** Oldest first. What the server does not keep at its level of statistics is null. */
    async metrics({ obj, props }: Machine, range: MetricRange): Promise<MetricPoint[]> {
      const [interval, seconds] = steps[kind][range]
      const now = await clock()
      const [entity] = await query([{ entity: obj, from: ago(now, seconds) }], figures, interval, now)
      const memoryTotal = props['config.hardware.memoryMB'] * kibi * kibi
      return (entity ? samplesOf(entity, await names()) : []).sort((a, b) => a.at.getTime() - b.at.getTime()).map(({ at, values }) => ({
        at, cpu: values.cpu ?? null, memoryUsed: values.memoryUsed === undefined ? null : Math.min(values.memoryUsed, memoryTotal), memoryTotal, diskRead: values.diskRead ?? null, diskWrite: values.diskWrite ?? null, netIn: values.netIn ?? null, netOut: values.netOut ?? null,
      }))
    },
    /** The newest network rates of hosts, by id, in bytes a second; a host that does not tell is left out. */
    async network(hosts: readonly Mor[]): Promise<ReadonlyMap<string, { readonly netIn: number | null, readonly netOut: number | null }>> {
      const now = await clock()
      const told = await query(hosts.map(entity => ({ entity, from: ago(now, 60) })), traffic, 20, now)
      const known = await names()
      return new Map(told.map((entity) => {
        const newest = samplesOf(entity, known).sort((a, b) => b.at.getTime() - a.at.getTime())[0]
        return [textOf(entity, 'entity') ?? '', { netIn: newest?.values.netIn ?? null, netOut: newest?.values.netOut ?? null }]
      }))
    },
    /** Whether the server counts what its machines send and receive: it has counters of both. */
    tellsTraffic: async () => new Set([...(await names()).values()].filter(figure => traffic.some(one => one === figure))).size === traffic.length,
    /** What machines moved since: samples of twenty seconds as far as hosts keep them, and of five minutes for what is older. As the port says. */
    async moved(machines: readonly { readonly entity: Mor, readonly since: Date | null }[]): Promise<MeasuredTraffic> {
      const at = await clock()
      const [[fine, hour], [coarse, day]] = [steps[kind].hour, steps[kind].day]
      const told = await query(machines.map(({ entity, since }) => ({ entity, from: later(since ?? ago(at, hour), ago(at, hour)) })), traffic, fine, at)
      const away = machines.flatMap(({ entity, since }) => since && since <= ago(at, hour - coarse) ? [{ entity, from: later(since, ago(at, day)) }] : [])
      // A server that keeps none of them refuses for good: what is older is then not known.
      const older = await query(away, traffic, coarse, at).catch((error: unknown) => {
        if (error instanceof DriverError && error.kind === 'permanent') return []
        throw error
      })
      const known = await names()
      const byId = Map.groupBy([...told, ...older], entity => textOf(entity, 'entity') ?? '')
      return { at, intervals: machines.map(({ entity }) => (byId.get(entity.id) ?? []).flatMap(found => movedIn(found, known))) }
    },
  }
}

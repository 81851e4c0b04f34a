import type { z } from 'zod'
import type { MetricPoint, NodeStrain, RemoteStorage } from '#server/infrastructure/ports.ts'
import type * as reply from './schema.ts'

/** What Proxmox does not know of a moment (before the machine was made, while its node was off) it leaves out of the sample. */
export const toMetrics = (samples: z.output<typeof reply.samples>): MetricPoint[] => samples.map(({ time, cpu, mem, maxmem, diskread, diskwrite, netin, netout }) => ({
  at: new Date(time * 1000), cpu: cpu ?? null, memoryUsed: mem ?? null, memoryTotal: maxmem ?? null, diskRead: diskread ?? null, diskWrite: diskwrite ?? null, netIn: netin ?? null, netOut: netout ?? null,
})).sort((a, b) => a.at.getTime() - b.at.getTime())

/** A sample older than this says nothing of now. */
const freshSeconds = 300
/** The newest sample that has anything to say. Rates need two samples: while the newest is being made it holds nothing. Pressure is told in percent. */
export function toStrain(samples: z.output<typeof reply.nodeSamples>, ioWait: number | undefined): NodeStrain {
  const newest = Math.max(0, ...samples.map(sample => sample.time))
  const told = samples.filter(sample => sample.time > newest - freshSeconds && typeof sample.netin === 'number').sort((a, b) => b.time - a.time)[0]
  const share = (percent: number | null | undefined) => typeof percent === 'number' ? percent / 100 : null
  return { netIn: told?.netin ?? null, netOut: told?.netout ?? null, ioWait: ioWait ?? null, pressureCpu: share(told?.pressurecpusome), pressureMemory: share(told?.pressurememorysome), pressureIo: share(told?.pressureiosome) }
}

/** One row for each node and storage; of a storage that nodes share the first node that reaches it tells. What is not active tells nothing of itself. */
export function toStorages(rows: readonly reply.Resource[]): RemoteStorage[] {
  const found = new Map<string, RemoteStorage>()
  for (const row of rows) {
    if (row.type !== 'storage' || !row.storage || !row.node) continue
    const shared = row.shared === true
    const active = row.status === 'available'
    const key = shared ? row.storage : `${row.node}/${row.storage}`
    if (found.get(key)?.active) continue
    found.set(key, { key, name: row.storage, node: shared ? null : row.node, type: row.plugintype ?? '', shared, active, used: active ? row.disk ?? null : null, total: active && row.maxdisk ? row.maxdisk : null })
  }
  return [...found.values()]
}

import type { z } from 'zod'
import type { MetricPoint } from '#server/infrastructure/ports.ts'
import type * as reply from './schema.ts'

/** What Proxmox does not know of a moment (before the machine was made, while its node was off) it leaves out of the sample. */
export const toMetrics = (samples: z.output<typeof reply.samples>): MetricPoint[] => samples.map(({ time, cpu, mem, maxmem, diskread, diskwrite, netin, netout }) => ({
  at: new Date(time * 1000), cpu: cpu ?? null, memoryUsed: mem ?? null, memoryTotal: maxmem ?? null, diskRead: diskread ?? null, diskWrite: diskwrite ?? null, netIn: netin ?? null, netOut: netout ?? null,
})).sort((a, b) => a.at.getTime() - b.at.getTime())

import type { z } from 'zod'
import type { metricsView } from '#shared/contracts/machines.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { MetricRange } from '#shared/vocabulary/machines.ts'
import type { MetricPoint, OpenHypervisor } from '../infrastructure/ports.ts'
import { askMachine, machineIn } from './machine-reading.ts'
import type { ProvisioningStores } from './ports.ts'

export type MetricsView = z.output<typeof metricsView>
/** A transient store; what is lost is asked for again. */
export interface MetricsCache { get(key: string): Promise<string | null>, set(key: string, value: string, ttlSeconds: number): Promise<void> }
export interface MetricsDeps { readonly read: Pick<ProvisioningStores, 'serviceControl'>, readonly openHypervisor: OpenHypervisor, readonly cache: MetricsCache }

const cacheSeconds = 30
/** As many as a graph can show; hypervisors keep up to 1,460. */
export const mostPoints = 180
const figures = ['cpu', 'memoryUsed', 'memoryTotal', 'diskRead', 'diskWrite', 'netIn', 'netOut'] as const

/** Neighbours averaged until at most `most` are left; what is not known counts for nothing, and where nothing is known it stays so. */
export function thinOut(points: readonly MetricPoint[], most = mostPoints): MetricPoint[] {
  const size = Math.ceil(points.length / most)
  if (size <= 1) return [...points]
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const part = points.slice(i * size, (i + 1) * size)
    const mean = (figure: typeof figures[number]) => {
      const known = part.map(point => point[figure]).filter(value => value !== null)
      return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
    }
    return { ...Object.fromEntries(figures.map(figure => [figure, mean(figure)])), at: part.at(-1)?.at } as MetricPoint
  })
}

/**
 * What a service's machine used, as its hypervisor tells it; kept for half a minute, so that an open page does not ask it anew each time.
 * A hypervisor that cannot or does not answer is said. `clientId` null: for staff. @throws AppError not_found
 */
export const showMetrics = (deps: MetricsDeps) => async ({ id, clientId, range }: { readonly id: string, readonly clientId: string | null, readonly range: MetricRange }): Promise<MetricsView> => {
  const facts = await deps.read.serviceControl.facts(id)
  if (!facts || (clientId !== null && facts.clientId !== clientId)) throw new AppError('not_found')
  const there = machineIn(facts)
  if (!there) return { supported: true, readable: true, points: [] }
  // With the mark: a machine that took the place of another shows nothing of it.
  const key = `metrics:${id}:${there.machine.ownershipMark}:${range}`
  const kept = await deps.cache.get(key)
  if (kept !== null) return JSON.parse(kept) as MetricsView
  const found = await askMachine(deps.openHypervisor, there.connectionId, driver => driver.capabilities.metrics ? driver.metrics(there.machine, range) : Promise.resolve(null))
  if (!found.answered) return { supported: true, readable: false, points: [] }
  const view: MetricsView = { supported: found.value !== null, readable: true, points: thinOut(found.value ?? []).map(point => ({ ...point, at: point.at.toISOString() })) }
  await deps.cache.set(key, JSON.stringify(view), cacheSeconds)
  return view
}

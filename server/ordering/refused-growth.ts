import type { z } from 'zod'
import type { refusedGrowthView } from '#shared/contracts/changes.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Clock, Log } from '../kernel/ports.ts'
import type { Growth, RefusedGrowthStore } from '../infrastructure/ports.ts'

interface Deps { readonly refusedGrowths: RefusedGrowthStore, readonly clock: Clock, readonly log: Log }
export type WatchGrowth = <T>(serviceId: string, growth: Growth | null, work: () => Promise<T>) => Promise<T>

const sizeOf = ({ cpuCores, ramMiB, diskGiB }: Growth['to']) => ({ cpuCores, ramMiB, diskGiB })

/** Does the work; when it fails because the machine's node has no room, that is kept for staff, outside of the transaction that was taken back. The failure is the caller's all the same. */
export const watchGrowth = ({ refusedGrowths, clock, log }: Deps): WatchGrowth => async (serviceId, growth, work) => {
  try {
    const done = await work()
    if (growth) await refusedGrowths.forget(serviceId)
    return done
  } catch (error) {
    if (growth && error instanceof AppError && error.code === 'node_full') {
      await refusedGrowths.record({ serviceId, connectionId: growth.connectionId, node: growth.node, from: sizeOf(growth.from), to: sizeOf(growth.to) }, clock.now())
        .catch((problem: unknown) => log.error({ err: problem, service: serviceId }, 'a refused growth could not be kept'))
    }
    throw error
  }
}

/** What a service's client asked for and its node had no room for; null: nothing that still stands. */
export const showRefusedGrowth = ({ refusedGrowths }: Pick<Deps, 'refusedGrowths'>) => async ({ serviceId }: { readonly serviceId: string }): Promise<z.input<typeof refusedGrowthView>> => {
  const refused = await refusedGrowths.find(serviceId)
  return { refused: refused && { ...refused, firstAt: refused.firstAt.toISOString(), lastAt: refused.lastAt.toISOString() } }
}

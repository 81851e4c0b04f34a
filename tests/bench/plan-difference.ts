import { startTestApp } from '../support/app.ts'
import { day } from '../support/billing.ts'
import { seedServices } from './billing-plan.ts'
import { watchMemory } from './measure.ts'
import type { Line } from './measure.ts'

/** Yesterday's plan of so many services kept, and held against today's: how long that takes beside the plan of the same fourteen days. */
async function timeDifference(count: number) {
  const test = await startTestApp({ kind: 'postgres', start: '2026-11-23T03:00:00Z', workers: false })
  try {
    await seedServices(test.app, count)
    const timed = async <T>(act: () => Promise<T>) => {
      const begun = performance.now()
      const value = await act()
      return { value, milliseconds: performance.now() - begun }
    }
    const page = { page: 1, pageSize: 50, locale: 'id' } as const
    const until = new Date(test.clock.now().getTime() + 14 * day)
    await test.app.billing.showPlan({ ...page, at: until })
    const memory = watchMemory()
    const plan = await timed(() => test.app.billing.showPlan({ ...page, at: until }))
    const kept = await timed(() => test.app.billing.takePlanSnapshot())
    test.clock.advance(day)
    const difference = await timed(() => test.app.billing.showPlanDifference({ ...page, at: until }))
    return { plan, kept, difference, megabytes: memory.stop().liveMegabytes }
  } finally {
    await test.close()
  }
}

/** Keeping a plan and comparing it are passes over all services: as fast as planning them, and in one page of memory. */
export async function benchPlanDifference(count: number): Promise<Line[]> {
  const small = await timeDifference(count / 10)
  const large = await timeDifference(count)
  const { plan, kept, difference } = large
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1)
  return [
    { name: `keeping the plan of 14 days, ${count} services / planning them`, value: kept.milliseconds / plan.milliseconds, unit: '×', atMost: 6, note: `${seconds(kept.milliseconds)} and ${seconds(plan.milliseconds)} s; ${plan.value.total} acts` },
    { name: `the plan held against yesterday's / planning it`, value: difference.milliseconds / plan.milliseconds, unit: '×', atMost: 4, note: `${seconds(difference.milliseconds)} s; ${difference.value.total} differences` },
    { name: `memory of that / with a tenth of the services`, value: large.megabytes / small.megabytes, unit: '×', atMost: 1.25, note: `${large.megabytes.toFixed(0)} and ${small.megabytes.toFixed(0)} MB alive at most` },
  ]
}

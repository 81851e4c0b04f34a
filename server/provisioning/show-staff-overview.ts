import { Temporal } from 'temporal-polyfill'
import type { z } from 'zod'
import type { staffOverviewView } from '#shared/contracts/admin.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Clock } from '../kernel/ports.ts'
import type { ServicePages } from './ports.ts'

export interface StaffOverviewDeps { readonly servicePages: ServicePages, readonly clock: Clock, readonly zone: string, readonly countDeadJobs: () => Promise<number> }

/** The business in numbers, for staff. A fixed number of queries, each over an index or an aggregate. */
export const showStaffOverview = (deps: StaffOverviewDeps) => async (): Promise<z.input<typeof staffOverviewView>> => {
  const now = deps.clock.now()
  const month = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(deps.zone).with({ day: 1 }).startOfDay()
  const numbers = await deps.servicePages.staffNumbers(now, new Date(month.epochMilliseconds))
  return {
    ...numbers, deadJobs: await deps.countDeadJobs(), connections: numbers.connections.map(connection => ({ ...connection, checkedAt: connection.checkedAt?.toISOString() ?? null })),
    receivable: toMoneyJson(numbers.receivable), overdue: toMoneyJson(numbers.overdue), receivedThisMonth: toMoneyJson(numbers.receivedThisMonth),
    lastBillingRun: numbers.lastBillingRun ? { ...numbers.lastBillingRun, at: numbers.lastBillingRun.at.toISOString() } : null,
  }
}

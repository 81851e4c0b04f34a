import { whileRunning } from '#server/platform/app.ts'

/** Hourly: asks that today's billing plan be kept. The first one of the business day does it. */
export default defineTask({
  meta: { name: 'billing:plan', description: 'Asks that the billing plan of today be kept' },
  run: () => whileRunning(app => app.billing.requestPlanSnapshot('schedule')),
})

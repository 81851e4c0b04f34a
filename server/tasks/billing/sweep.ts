import { whileRunning } from '#server/platform/app.ts'

/** Hourly: asks for a run of the billing calendar. However many replicas ask, one run waits. */
export default defineTask({
  meta: { name: 'billing:sweep', description: 'Asks for a run of the billing calendar' },
  run: () => whileRunning(app => app.billing.requestSweep('schedule')),
})

import { whileRunning } from '#server/platform/app.ts'

/** Nightly: asks for a comparison of the last days' settlements with the gateways. However many replicas ask, one run is made. */
export default defineTask({
  meta: { name: 'payments:compare', description: 'Asks for a comparison of settlements with the gateways' },
  run: () => whileRunning(app => app.payments.requestComparison('schedule')),
})

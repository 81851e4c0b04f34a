import { whileRunning } from '#server/platform/app.ts'

/** Every two minutes: asks for a look through open payment attempts. However many replicas ask, one look waits. */
export default defineTask({
  meta: { name: 'payments:reconcile', description: 'Asks for a look through open payment attempts' },
  run: () => whileRunning(app => app.payments.requestReconcile('schedule')),
})

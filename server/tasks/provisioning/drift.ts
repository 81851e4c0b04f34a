import { whileRunning } from '#server/platform/app.ts'

/** Every hour: asks for a comparison of all hypervisors with the books. Enqueues only, with one key, so that N replicas compare once. */
export default defineTask({
  meta: { name: 'provisioning:drift', description: 'Compare hypervisors with the books' },
  run: () => whileRunning(app => app.provisioning.requestDriftCheck('schedule')),
})

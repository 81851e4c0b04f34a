import { whileRunning } from '#server/platform/app.ts'

/** Every hour: asks for a look at what all connections offer. Enqueues only, with one key, so that N replicas look once. */
export default defineTask({
  meta: { name: 'infrastructure:sync', description: 'Synchronise the templates and packages of all connections' },
  run: () => whileRunning(app => app.infrastructure.requestSynchronisation('schedule')),
})

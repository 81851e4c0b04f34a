import { whileRunning } from '#server/platform/app.ts'

/** Every thirty seconds: asks for a look at all hypervisors. Enqueues only, with one key, so that N replicas look once. */
export default defineTask({
  meta: { name: 'infrastructure:collect', description: 'Ask all hypervisors for the state of nodes and machines' },
  run: () => whileRunning(app => app.infrastructure.requestCollection('schedule')),
})

import { whileRunning } from '#server/platform/app.ts'

export default defineTask({
  meta: { name: 'provisioning:traffic', description: 'Enqueue a look at the traffic of this month' },
  run: () => whileRunning(app => app.provisioning.requestTraffic('schedule')),
})

import { whileRunning } from '#server/platform/app.ts'

export default defineTask({
  meta: { name: 'provisioning:bulk', description: 'Enqueue a turn of the approved requests for many services' },
  run: () => whileRunning(app => app.provisioning.requestBulk('schedule')),
})

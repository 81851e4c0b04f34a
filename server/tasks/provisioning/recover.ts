import { whileRunning } from '#server/platform/app.ts'

export default defineTask({
  meta: { name: 'provisioning:recover', description: 'Enqueue a look for sagas that are due or whose worker was lost' },
  run: () => whileRunning(app => app.provisioning.requestRecovery('schedule')),
})

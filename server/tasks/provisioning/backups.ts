import { whileRunning } from '#server/platform/app.ts'

export default defineTask({
  meta: { name: 'provisioning:backups', description: 'Enqueue the backups that are due' },
  run: () => whileRunning(app => app.provisioning.requestBackups('schedule')),
})

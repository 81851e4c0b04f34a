import { whileRunning } from '#server/platform/app.ts'

/** Every hour: asks for the newest backups of all hosting accounts. Enqueues only, with one key, so that N replicas ask once. */
export default defineTask({
  meta: { name: 'provisioning:account-backups', description: 'Read from panels which backups accounts have' },
  run: () => whileRunning(app => app.provisioning.requestAccountBackups('schedule')),
})

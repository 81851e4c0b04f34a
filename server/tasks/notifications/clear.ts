import { whileRunning } from '#server/platform/app.ts'

/** Nightly: asks that what is kept of old webhook deliveries be cleared. */
export default defineTask({
  meta: { name: 'notifications:clear', description: 'Asks that old webhook deliveries be cleared' },
  run: () => whileRunning(app => app.notifications.requestClearing('schedule')),
})

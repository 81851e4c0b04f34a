import { whileRunning } from '#server/platform/app.ts'

/** Every few minutes: asks that what was booked be sealed into the chain. */
export default defineTask({
  meta: { name: 'ledger:seal', description: 'Asks that new journal entries be sealed into the chain' },
  run: () => whileRunning(app => app.billing.requestSeal('schedule')),
})

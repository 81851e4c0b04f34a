import { whileRunning } from '#server/platform/app.ts'

/** Nightly: asks that the ledger prove itself. However many replicas ask, one audit waits. */
export default defineTask({
  meta: { name: 'ledger:audit', description: 'Asks for a self-audit of the ledger' },
  run: () => whileRunning(app => app.billing.requestLedgerAudit('schedule')),
})

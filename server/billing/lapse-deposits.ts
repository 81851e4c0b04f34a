import type { Log, Transact } from '../kernel/ports.ts'
import { closeInvoice } from './close-invoice.ts'
import { depositLapseDays } from './deposit.ts'
import { systemActor } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'

const batch = 200

/**
 * Voids deposits that nobody paid within three days after they were due; what was paid on one is credit. One whose credit is spent although
 * its payment was taken back stays for Finance. One that cannot be closed stops no other. Answers how many lapsed.
 */
export const lapseDeposits = (deps: BillingDeps & { readonly transact: Transact<BillingStores>, readonly read: BillingStores, readonly log: Log }) => async (): Promise<number> => {
  const dueBefore = deps.rules.calendar.shiftDays(deps.clock.now(), -depositLapseDays)
  let lapsed = 0
  for (const invoiceId of await deps.read.deposits.listLapsed({ dueBefore, limit: batch })) {
    try {
      if (await deps.transact(stores => lapse(stores, invoiceId))) lapsed++
    } catch (error) {
      deps.log.error({ err: error, invoiceId }, 'a deposit could not lapse')
    }
  }
  return lapsed

  async function lapse(stores: BillingStores, invoiceId: string): Promise<boolean> {
    const invoice = await stores.invoices.lock(invoiceId)
    if (invoice?.status !== 'issued' || await stores.deposits.held(invoiceId) !== invoice.total.amount) return false
    await closeInvoice(deps)(stores, { invoice, as: 'void', reason: 'deposit_lapsed', actor: systemActor('billing.deposit') })
    return true
  }
}

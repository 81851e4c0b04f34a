import { movePayment } from './move-payment.ts'
import { bankActor, isPastExpiry } from './payment.ts'
import { isOpen } from './payment-lifecycle.ts'
import type { TransferDeps } from './transfer-deps.ts'

const batch = 500

/** Closes transfers whose time is over. Money that comes on one all the same is recognised by its code for a month. Answers how many. */
export const lapseTransfers = (deps: Pick<TransferDeps, 'transact' | 'read' | 'clock'>) => async (): Promise<number> => {
  let closed = 0
  for (const id of await deps.read.transfers.listLapsed({ at: deps.clock.now(), limit: batch })) {
    if (await deps.transact(async (stores) => {
      const payment = await stores.payments.lock(id)
      // A proof that came meanwhile gave it more time.
      if (!payment || !isOpen(payment.status) || !isPastExpiry(payment, deps.clock.now())) return false
      await movePayment(stores, payment, 'expired', 'lapsed', bankActor, deps.clock.now())
      return true
    })) closed++
  }
  return closed
}

import { AppError } from '#shared/errors/codes.ts'
import { compare } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { hintPayment } from './move-payment.ts'
import { closeAttempt } from './close-attempt.ts'
import { isPastExpiry, isStarting, toBuyerError } from './payment.ts'
import type { Payment } from './ports.ts'
import type { TransferDeps } from './transfer-deps.ts'
import { chooseCode, codesRememberedSince, transferExpiry } from './transfer.ts'

interface Input { readonly clientId: string, readonly invoiceId: string, readonly actor: Actor }
type Prepared = { readonly kind: 'ready' | 'in_the_way', readonly payment: Payment }

/**
 * Starts paying an invoice by bank transfer: an attempt like any other, pending at once, over what is owed and a code that makes its amount
 * unique among the open ones. The same choice again is answered by the attempt that is there; one of another method is cancelled first.
 * @throws AppError not_found, invoice_not_payable, payment_in_progress, method_unavailable (no bank account, no free code), gateway_unavailable
 */
export const startTransfer = (deps: TransferDeps) => async (input: Input): Promise<Payment> => {
  for (let round = 0; round < 3; round++) {
    const { kind, payment } = await prepare(deps, input)
    if (kind === 'ready') return payment
    await makeWay(deps, payment, input.actor)
  }
  throw new AppError('payment_in_progress')
}

/** Cancels a live attempt so that another way can be taken; should it turn out paid, it is booked. @throws AppError payment_in_progress, gateway_unavailable */
export async function makeWay(deps: TransferDeps, payment: Payment, actor: Actor): Promise<void> {
  if (isStarting(payment, deps.clock.now())) throw new AppError('payment_in_progress')
  const closed = await closeAttempt(deps)({ payment, as: 'failed', cause: 'another_attempt', actor }).catch((error: unknown) => {
    throw toBuyerError(error)
  })
  if (closed === 'open') throw new AppError('payment_in_progress')
}

const prepare = (deps: TransferDeps, { clientId, invoiceId, actor }: Input): Promise<Prepared> => deps.transact(async (stores) => {
  const invoice = await deps.findPayableInvoice(stores, { invoiceId, clientId })
  if (!invoice) throw new AppError(await stores.payments.statusOfInvoice(invoiceId, clientId) === null ? 'not_found' : 'invoice_not_payable')
  if ((await stores.bankAccounts.listActive()).length === 0) throw new AppError('method_unavailable')
  const now = deps.clock.now()
  const live = await stores.payments.findLive(invoiceId)
  if (live) {
    const transfer = live.method === 'transfer' ? await stores.transfers.find(live.id) : null
    return { kind: transfer && compare(transfer.base, invoice.outstanding) === 0 && !isPastExpiry(live, now) ? 'ready' : 'in_the_way', payment: live }
  }
  await stores.transfers.lockCodes()
  const chosen = chooseCode(invoice.outstanding, await stores.transfers.takenAmounts({ over: invoice.outstanding, since: codesRememberedSince(now) }), deps.random)
  if (!chosen) throw new AppError('method_unavailable')
  const id = deps.newId()
  await stores.transfers.insert({ id, invoiceId, clientId, base: invoice.outstanding, ...chosen, createdAt: now, expiresAt: transferExpiry(now) })
  await stores.transitions.record({ entity: 'payment', entityId: id, from: 'created', to: 'pending', cause: 'started', actor: actorLabel(actor), at: now })
  const payment = await stores.payments.find(id)
  if (!payment) throw new AppError('internal')
  hintPayment(stores, payment)
  return { kind: 'ready', payment }
})

import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { add, compare, isZero, subtract } from '#shared/money/money.ts'
import { localizedPath } from '#shared/navigation/localized-path.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import type { PayableInvoice } from '../billing/ports.ts'
import { applyGatewayState } from './apply-gateway-state.ts'
import { movePayment } from './move-payment.ts'
import { closeAttempt, closeInBooks } from './close-attempt.ts'
import type { PaymentDeps } from './deps.ts'
import { offeredMethods } from './gateway-settings.ts'
import { attemptExpiry, gatewayActor, gatewayFor, gatewayOrderId, isPastExpiry, isStarting, toBuyerError } from './payment.ts'
import type { GatewayCharge, Payment, PaymentGateway, StartedCharge } from './ports.ts'

interface Input { readonly clientId: string, readonly invoiceId: string, readonly method: GatewayMethod, /** Of the page that the gateway leads back to; without it the client's own. */ readonly locale?: Locale | undefined }
type Prepared = { readonly kind: 'live', readonly payment: Payment } | { readonly kind: 'in_the_way', readonly payment: Payment } | { readonly kind: 'new', readonly payment: Payment, readonly invoice: PayableInvoice }

/**
 * Starts paying an invoice. One attempt is live at a time: the same method is answered by the attempt that is there, another method first
 * cancels it at the gateway (and books it, should it turn out paid). The attempt's row is committed before the gateway is spoken to, so
 * that no charge exists that we do not know of. When the gateway fails the invoice stays payable. A new attempt is made only by a method
 * that Finance offers for this amount.
 * @throws AppError not_found, invoice_not_payable, payment_in_progress, method_unavailable, gateway_not_configured, gateway_unavailable
 */
export const startPayment = (deps: PaymentDeps) => async (input: Input): Promise<Payment> => {
  const gateway = await gatewayFor(deps.gateways, input.method)
  for (let round = 0; round < 3; round++) {
    const prepared = await prepare(deps, gateway, input)
    if (prepared.kind === 'live') return prepared.payment
    if (prepared.kind === 'new') return launch(deps, gateway, prepared.payment, prepared.invoice, input.locale)
    const closed = await closeAttempt(deps)({ payment: prepared.payment, as: 'failed', cause: 'another_attempt', actor: gatewayActor(gateway.name) }).catch((error: unknown) => {
      throw toBuyerError(error)
    })
    if (closed === 'open') throw new AppError('payment_in_progress')
  }
  throw new AppError('payment_in_progress')
}

/** Decides under the invoice's lock, so of two requests at once one makes the attempt. */
const prepare = (deps: PaymentDeps, gateway: PaymentGateway, { clientId, invoiceId, method }: Input): Promise<Prepared> => deps.transact(async (stores) => {
  const invoice = await deps.findPayableInvoice(stores, { invoiceId, clientId })
  if (!invoice) throw new AppError(await stores.payments.statusOfInvoice(invoiceId, clientId) === null ? 'not_found' : 'invoice_not_payable')
  const now = deps.clock.now()
  const live = await stores.payments.findLive(invoiceId)
  if (live) {
    if (isStarting(live, now)) throw new AppError('payment_in_progress')
    const fits = live.status === 'pending' && live.method === method && compare(subtract(live.amount, live.fee), invoice.outstanding) === 0 && !isPastExpiry(live, now)
    return { kind: fits ? 'live' : 'in_the_way', payment: live }
  }
  const offer = (await offeredMethods(stores.gatewaySettings, invoice.outstanding)).find(offered => offered.method === method)
  if (!offer) throw new AppError('method_unavailable')
  const fee = deps.computeTax(offer.fee, now).total
  const id = deps.newId()
  await stores.payments.insert({ id, invoiceId, clientId, gateway: gateway.name, method, gatewayOrderId: gatewayOrderId(invoice.number, id), amount: add(invoice.outstanding, fee), fee, createdAt: now, expiresAt: attemptExpiry(method, now) })
  const payment = await stores.payments.find(id)
  if (!payment) throw new AppError('internal')
  return { kind: 'new', payment, invoice }
})

async function launch(deps: PaymentDeps, gateway: PaymentGateway, payment: Payment, invoice: PayableInvoice, locale: Locale | undefined): Promise<Payment> {
  const client = await deps.billedClients.find(payment.clientId)
  const now = deps.clock.now()
  const spoken = locale ?? client?.locale ?? 'id'
  const charge: GatewayCharge = {
    orderId: payment.gatewayOrderId ?? '', amount: payment.amount, method: payment.method as GatewayMethod, lines: isZero(payment.fee) ? invoice.lines : [...invoice.lines, { id: 'fee', name: deps.describeBuyerFee(spoken, payment.method), amount: payment.fee }], now, expiresAt: payment.expiresAt ?? attemptExpiry(payment.method as GatewayMethod, now),
    buyer: { name: client?.name ?? '', email: client?.email ?? '', phone: client?.party.phone ?? null }, returnUrl: `${deps.baseUrl}${localizedPath(spoken, `/portal/invoices/${payment.invoiceId}`)}`, locale: spoken,
  }
  const started = await startOnce(deps, gateway, payment, charge)
  const pending = await deps.transact(async (stores) => {
    const current = await stores.payments.lock(payment.id)
    if (current?.status !== 'created') {
      // Closed meanwhile (its invoice was paid or voided): what was just started must not stay payable.
      await stores.outbox.emit('payments.cancel-due', { paymentId: payment.id })
      return null
    }
    await movePayment(stores, current, 'pending', 'started', gatewayActor(gateway.name), deps.clock.now(), { instructions: started.instructions, gatewayTransactionId: started.gatewayTransactionId, expiresAt: started.expiresAt })
    return stores.payments.find(payment.id)
  })
  if (!pending) throw new AppError('invoice_not_payable')
  return pending
}

/** Starts the charge; when the outcome is unknown it asks once more (an order id is charged once) and then looks. */
async function startOnce(deps: PaymentDeps, gateway: PaymentGateway, payment: Payment, charge: GatewayCharge): Promise<StartedCharge> {
  try {
    return await gateway.start(charge)
  } catch (first) {
    if (!(first instanceof DriverError)) throw first
    deps.log.warn({ err: first, paymentId: payment.id }, 'a charge could not be started')
    if (first.kind !== 'unknown_outcome') {
      await closeInBooks(deps)({ payment, as: 'failed', cause: 'not_started', actor: gatewayActor(gateway.name), problem: first.message })
      throw first.kind === 'permanent' ? new AppError('method_unavailable', { cause: first }) : toBuyerError(first)
    }
    return gateway.start(charge).catch(async (second: unknown) => {
      await resolveUnknown(deps, gateway, payment, second)
      throw toBuyerError(first)
    })
  }
}

/** The charge may stand at the gateway without our having its instructions: it is cancelled; what cannot be asked now is asked later. */
async function resolveUnknown(deps: PaymentDeps, gateway: PaymentGateway, payment: Payment, cause: unknown): Promise<void> {
  const problem = cause instanceof Error ? cause.message : String(cause)
  try {
    const state = await gateway.read({ orderId: payment.gatewayOrderId ?? '', gatewayTransactionId: null })
    if (state && state.status !== 'pending') await applyGatewayState(deps)({ paymentId: payment.id, state, cause: 'read_back' })
    else await closeAttempt(deps)({ payment, as: 'failed', cause: 'not_started', actor: gatewayActor(gateway.name), problem })
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    await deps.transact(async (stores) => {
      await stores.payments.markChecked(payment.id, deps.clock.now(), problem.slice(0, 500))
      await stores.outbox.emit('payments.check-due', { paymentId: payment.id }, { startAfterSeconds: 90, singletonKey: payment.id })
    })
  }
}

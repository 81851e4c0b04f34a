import { createHash } from 'node:crypto'
import { drawQr } from '#server/drivers/qr.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { cancelPayment } from '#server/payments/cancel-payment.ts'
import { cancelStrayAttempt } from '#server/payments/cancel-stray-attempt.ts'
import { checkPayment } from '#server/payments/check-payment.ts'
import { keepWebhooks } from '#server/payments/keep-webhooks.ts'
import { toAdminPaymentView, toWebhookView, viewPayments } from '#server/payments/payment-view.ts'
import type { PaymentView } from '#server/payments/payment-view.ts'
import type { PaymentFilter, WebhookFilter } from '#server/payments/ports.ts'
import { processWebhooks } from '#server/payments/process-webhooks.ts'
import { receiveWebhook } from '#server/payments/receive-webhook.ts'
import { reconcilePayments } from '#server/payments/reconcile-payments.ts'
import { replayWebhook } from '#server/payments/replay-webhook.ts'
import { startPayment } from '#server/payments/start-payment.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import { atMostEvery, inBatches } from '../batch.ts'
import { composeTransfers } from './transfers.ts'
import type { TransfersNeed } from './transfers.ts'
import type { Core } from '../core.ts'
import { composeMoneyBack } from './money-back.ts'
import type { MoneyBackNeed } from './money-back.ts'
import { composeGateways } from './gateways.ts'

export type PaymentsNeed = TransfersNeed & MoneyBackNeed

export function composePayments(core: Core, billing: PaymentsNeed) {
  const { config, clock, newId, transact, read } = core
  const { gateways, verifiers, paymentMethods, useCases } = composeGateways(core, billing.computeTax)
  const { findPayableInvoice, bookPayment, reversePayment, returnMoney, payOutCredit, bookGatewayFee, chargeBuyerFee, describeBuyerFee, computeTax } = billing
  const money = { findPayableInvoice, bookPayment, reversePayment, returnMoney, payOutCredit, bookGatewayFee, chargeBuyerFee, describeBuyerFee, computeTax }
  const deps = { transact, payments: read.payments, webhooks: read.webhooks, billedClients: read.billedClients, clock, newId, log: core.log, gateways, refunds: read.refunds, ...money, baseUrl: config.GARDU_BASE_URL }
  const { lapse, ...transfers } = composeTransfers(core, deps, billing)
  const show = viewPayments(drawQr)
  const start = startPayment(deps)
  const requestInbox = () => read.outbox.emit('payments.webhooks-waiting', {}, { singletonKey: 'inbox' })
  const reconcile = reconcilePayments({ payments: read.payments, refunds: read.refunds, outbox: read.outbox, clock })
  const moneyBack = composeMoneyBack(core, billing, deps)
  return {
    ...transfers,
    ...moneyBack,
    async startPayment({ actor, ...input }: { actor: Actor & { kind: 'user' }, invoiceId: string, method: GatewayMethod, locale?: Locale | undefined }): Promise<PaymentView> {
      const [view] = await show([await start({ ...input, clientId: actor.id })])
      if (!view) throw new RangeError('one payment has one view')
      return view
    },
    cancelPayment: cancelPayment(deps),
    receiveWebhook: receiveWebhook({ transact, keep: inBatches(keepWebhooks({ webhooks: read.webhooks, wake: atMostEvery(100, () => void requestInbox().catch(error => core.log.warn({ err: error }, 'the inbox was not woken; it is looked through within two minutes'))) }), 250), clock, verifiers, digest: bytes => createHash('sha256').update(bytes).digest('hex'), decode: bytes => new TextDecoder().decode(bytes) }),
    replayWebhook: replayWebhook({ transact }),
    async listPayments(filter: PaymentFilter) {
      const page = await read.payments.list(filter)
      return { ...page, items: page.items.map(toAdminPaymentView) }
    },
    async listWebhooks(filter: WebhookFilter) {
      const page = await read.webhooks.list(filter)
      return { ...page, items: page.items.map(toWebhookView) }
    },
    /** Enqueues one look through the inbox and one through all attempts; an equal one that waits already is enough. */
    async requestReconcile(requestedBy: string) {
      await requestInbox()
      await read.outbox.emit('payments.reconcile-due', { requestedBy }, { singletonKey: 'payments.reconcile' })
    },
    /** For the invoice's view: how attempts look, and the methods that can be started now. */
    viewPayments: show,
    paymentMethods,
    ...useCases,
    handlers: {
      ...moneyBack.handlers,
      'payments.webhooks-waiting': processWebhooks(deps),
      'payments.check-due': checkPayment(deps),
      'payments.cancel-due': cancelStrayAttempt(deps),
      'payments.reconcile-due': async () => {
        await reconcile()
        await lapse()
      },
    },
  }
}

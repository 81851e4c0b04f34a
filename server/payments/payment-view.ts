import type { z } from 'zod'
import type { adminPaymentView, webhookView } from '#shared/contracts/admin.ts'
import type { paymentView } from '#shared/contracts/portal.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { GatewayName, PaymentMethod, PaymentStatus } from '#shared/vocabulary/payments.ts'
import { isOpen } from './payment-lifecycle.ts'
import type { GatewayInstructions, PaymentListItem, StoredWebhook } from './ports.ts'

export type PaymentView = z.input<typeof paymentView>
export type AdminPaymentView = z.input<typeof adminPaymentView>
export type WebhookView = z.input<typeof webhookView>

/** What a buyer may see of an attempt. `token` and gateway ids stay on the server. */
export interface ShownPayment {
  readonly id: string, readonly gateway: GatewayName | null, readonly method: PaymentMethod, readonly status: PaymentStatus, readonly amount: Money, readonly fee: Money, readonly createdAt: Date, readonly settledAt: Date | null, readonly expiresAt: Date | null
  readonly instructions: Pick<GatewayInstructions, 'vaNumber' | 'bank' | 'qrString' | 'redirectUrl'> & Partial<Pick<GatewayInstructions, 'billerCode' | 'billKey' | 'appUrl'>> | null
}

/** Instructions are shown while the attempt can be paid: a number of a closed attempt would be paid in vain. `qrSvg` is its QR code, drawn. */
export const toPaymentView = (payment: ShownPayment, qrSvg: string | null): PaymentView => ({
  id: payment.id, gateway: payment.gateway, method: payment.method, status: payment.status, amount: toMoneyJson(payment.amount), fee: toMoneyJson(payment.fee), createdAt: payment.createdAt.toISOString(), settledAt: payment.settledAt?.toISOString() ?? null, expiresAt: payment.expiresAt?.toISOString() ?? null,
  instructions: payment.instructions && isOpen(payment.status) ? { vaNumber: payment.instructions.vaNumber, bank: payment.instructions.bank, billerCode: payment.instructions.billerCode ?? null, billKey: payment.instructions.billKey ?? null, qrSvg, redirectUrl: payment.instructions.redirectUrl, appUrl: payment.instructions.appUrl ?? null } : null,
})

/** Views of several attempts; QR codes are drawn only for those that can be paid. */
export const viewPayments = (drawQr: (text: string) => Promise<string>) => (payments: readonly ShownPayment[]): Promise<PaymentView[]> => Promise.all(payments.map(async (payment) => {
  const text = isOpen(payment.status) ? payment.instructions?.qrString ?? null : null
  return toPaymentView(payment, text === null ? null : await drawQr(text))
}))

export const toAdminPaymentView = (payment: PaymentListItem): AdminPaymentView => ({
  id: payment.id, invoiceId: payment.invoiceId, invoiceNumber: payment.invoiceNumber, clientId: payment.clientId, clientName: payment.clientName, gateway: payment.gateway, method: payment.method, status: payment.status, gatewayOrderId: payment.gatewayOrderId, gatewayTransactionId: payment.gatewayTransactionId,
  amount: toMoneyJson(payment.amount), settledAmount: payment.settledAmount ? toMoneyJson(payment.settledAmount) : null, createdAt: payment.createdAt.toISOString(), settledAt: payment.settledAt?.toISOString() ?? null,
})

export const toWebhookView = ({ gatewayTransactionId: _, ...hook }: StoredWebhook): WebhookView => ({ ...hook, receivedAt: hook.receivedAt.toISOString(), handledAt: hook.handledAt?.toISOString() ?? null })

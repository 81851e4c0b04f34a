import { gatewayOfMethod, gateways as gatewayNames } from '#shared/vocabulary/payments.ts'
import type { GatewayMethod, GatewayName } from '#shared/vocabulary/payments.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '../kernel/ports.ts'
import type { Gateways, Payment, PaymentGateway } from './ports.ts'

/** How long a started attempt can be paid. */
const minutesToPay: Record<GatewayMethod, number> = { snap: 1440, bca_va: 1440, bni_va: 1440, bri_va: 1440, permata_va: 1440, cimb_va: 1440, mandiri_bill: 1440, qris: 15, gopay: 15, xendit: 1440 }
/** A request that is starting an attempt right now is given this long before the attempt counts as lost. */
const startingMilliseconds = 60_000

export const attemptExpiry = (method: GatewayMethod, now: Date): Date => new Date(now.getTime() + minutesToPay[method] * 60_000)
export const isStarting = (payment: Pick<Payment, 'status' | 'createdAt'>, now: Date): boolean => payment.status === 'created' && now.getTime() - payment.createdAt.getTime() < startingMilliseconds
export const isPastExpiry = (payment: Pick<Payment, 'expiresAt'>, now: Date): boolean => payment.expiresAt !== null && payment.expiresAt <= now

/** The gateway's name for one attempt: readable, used once, within its letters and 39 characters. */
export const gatewayOrderId = (invoiceNumber: string, paymentId: string): string => `${invoiceNumber.replace(/[^\w.~-]+/g, '-').slice(0, 30)}-${paymentId.replaceAll('-', '').slice(-8)}`

/** The gateway that can take this method now. @throws AppError gateway_not_configured, method_unavailable */
export async function gatewayFor(gateways: Gateways, method: GatewayMethod): Promise<PaymentGateway> {
  const found = await gateways(gatewayOfMethod[method])
  if (found) return found
  const others = await Promise.all(gatewayNames.map(gateways))
  throw new AppError(others.every(gateway => gateway === null) ? 'gateway_not_configured' : 'method_unavailable')
}

/** An attempt that stands at a gateway, with the gateway; null for manual payments and for a gateway that is no longer set up. */
export async function atGateway(gateways: Gateways, payment: Payment): Promise<{ gateway: PaymentGateway, orderId: string } | null> {
  const gateway = payment.gateway ? await gateways(payment.gateway) : null
  return gateway && payment.gatewayOrderId !== null ? { gateway, orderId: payment.gatewayOrderId } : null
}

/** What a buyer is told when a gateway fails: the invoice stays payable. Other errors pass unchanged. */
export function toBuyerError(error: unknown): unknown {
  if (!(error instanceof DriverError)) return error
  return new AppError('gateway_unavailable', { cause: error, message: error.message, retryAfterSeconds: error.afterSeconds ?? 60 })
}

/** Who closes and settles what is paid without a gateway. */
export const bankActor: Actor = { kind: 'system', name: 'payments.transfer' }
export const gatewayActor = (name: GatewayName): Actor => ({ kind: 'system', name: `payments.${name}` })

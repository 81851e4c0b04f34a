import type { Money } from '#shared/money/money.ts'
import type { GatewayMethod, GatewayName } from '#shared/vocabulary/payments.ts'

export interface GatewayCharge {
  /** Ours, unique, used once at the gateway. */
  readonly orderId: string
  readonly amount: Money
  readonly method: GatewayMethod
  /** Lines that add up to `amount` exactly. */
  readonly lines: readonly { readonly id: string, readonly name: string, readonly amount: Money }[]
  readonly buyer: { readonly name: string, readonly email: string, readonly phone: string | null }
  readonly expiresAt: Date
  readonly now: Date
  /** Where the gateway's own page sends the buyer back to. */
  readonly returnUrl: string
}
export interface GatewayInstructions { readonly vaNumber: string | null, readonly bank: string | null, readonly qrString: string | null, readonly redirectUrl: string | null, readonly token: string | null }
export interface StartedCharge { readonly gatewayTransactionId: string | null, readonly instructions: GatewayInstructions, readonly expiresAt: Date }

/** A gateway's state of one charge, as read back from it. */
export interface GatewayState {
  readonly status: 'pending' | 'settled' | 'expired' | 'failed' | 'denied' | 'refunded' | 'charged_back' | 'review'
  readonly gatewayTransactionId: string, readonly orderId: string, readonly amount: Money, readonly settledAt: Date | null
}

/** What a verified notification says. It proves only who sent it: the state is read back before anything is booked. */
export interface Notification { readonly orderId: string, readonly gatewayTransactionId: string | null, readonly event: string }

/** All failures are `DriverError`s; an answer that never came is `unknown_outcome`. */
export interface PaymentGateway {
  readonly name: GatewayName
  readonly methods: readonly GatewayMethod[]
  start(charge: GatewayCharge): Promise<StartedCharge>
  /** Null: the gateway does not know it (Snap before a method was chosen). */
  read(input: { readonly orderId: string, readonly gatewayTransactionId: string | null }): Promise<GatewayState | null>
  /** Makes it impossible to pay; `false` when it is paid or closed already (then read). */
  cancel(input: { readonly orderId: string, readonly token: string | null }): Promise<boolean>
  /** Verifies the bytes as received. @throws AppError webhook_refused (bad proof), webhook_unreadable, gateway_not_configured (no secret: fail closed). */
  verify(input: { readonly raw: Uint8Array, readonly headers: Readonly<Record<string, string>> }): Notification
}

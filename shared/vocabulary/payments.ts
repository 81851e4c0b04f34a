export const gateways = ['midtrans', 'xendit'] as const
export type GatewayName = typeof gateways[number]

export const paymentMethods = ['snap', 'bca_va', 'bni_va', 'bri_va', 'permata_va', 'cimb_va', 'mandiri_bill', 'qris', 'gopay', 'xendit', 'transfer', 'credit', 'manual'] as const
export type PaymentMethod = typeof paymentMethods[number]
/** Methods that a client starts at a gateway. */
export const gatewayMethods = ['snap', 'bca_va', 'bni_va', 'bri_va', 'permata_va', 'qris'] as const
export type GatewayMethod = typeof gatewayMethods[number]

/** One attempt to pay one invoice at one gateway (the lifecycle's "payment intent"). */
export const paymentStatuses = ['created', 'pending', 'settled', 'expired', 'failed', 'denied', 'refunded', 'charged_back'] as const
export type PaymentStatus = typeof paymentStatuses[number]

export const webhookStatuses = ['received', 'verified', 'refused', 'applied', 'parked'] as const
export type WebhookStatus = typeof webhookStatuses[number]

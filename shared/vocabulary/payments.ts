export const gateways = ['midtrans', 'xendit'] as const
export type GatewayName = typeof gateways[number]

export const paymentMethods = ['snap', 'bca_va', 'bni_va', 'bri_va', 'permata_va', 'cimb_va', 'mandiri_bill', 'qris', 'gopay', 'xendit', 'transfer', 'credit', 'manual'] as const
export type PaymentMethod = typeof paymentMethods[number]
/** Methods that a client starts at a gateway, in the order in which they are offered until Finance chooses another. */
export const gatewayMethods = ['qris', 'bca_va', 'mandiri_bill', 'bri_va', 'bni_va', 'permata_va', 'cimb_va', 'gopay', 'snap', 'xendit'] as const
export type GatewayMethod = typeof gatewayMethods[number]
/** Which gateway takes a method. */
export const gatewayOfMethod: Record<GatewayMethod, GatewayName> = { qris: 'midtrans', bca_va: 'midtrans', mandiri_bill: 'midtrans', bri_va: 'midtrans', bni_va: 'midtrans', permata_va: 'midtrans', cimb_va: 'midtrans', gopay: 'midtrans', snap: 'midtrans', xendit: 'xendit' }
export const methodsOfGateway = (gateway: GatewayName): GatewayMethod[] => gatewayMethods.filter(method => gatewayOfMethod[method] === gateway)
/** Bank Indonesia forbids merchants to ask more of who pays so. */
export const isFreeForBuyer = (method: GatewayMethod): boolean => method === 'qris'
/** Methods that are paid on the gateway's own page. */
export const isHostedPage = (method: PaymentMethod): boolean => method === 'snap' || method === 'xendit'

/** What a live test of a gateway found; the words stand in i18n. */
export const gatewayFindings = ['accepted_test', 'accepted_live', 'secret_set', 'secret_missing', 'no_key', 'failed'] as const
export type GatewayFinding = typeof gatewayFindings[number]

/** One attempt to pay one invoice at one gateway (the lifecycle's "payment intent"). */
export const paymentStatuses = ['created', 'pending', 'settled', 'expired', 'failed', 'denied', 'refunded', 'charged_back'] as const
export type PaymentStatus = typeof paymentStatuses[number]

export const webhookStatuses = ['received', 'verified', 'refused', 'applied', 'parked'] as const
export type WebhookStatus = typeof webhookStatuses[number]

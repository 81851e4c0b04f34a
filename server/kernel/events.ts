import type { BillingEvents } from '../billing/events.ts'
import type { NotificationEvents } from '../notifications/events.ts'
import type { PaymentEvents } from '../payments/events.ts'
import type { ProvisioningEvents } from '../provisioning/events.ts'

/** Every event of the house by name. `server/platform/subscriptions.ts` says who works on which. */
export type Events = BillingEvents & PaymentEvents & ProvisioningEvents & NotificationEvents
export type EventName = keyof Events

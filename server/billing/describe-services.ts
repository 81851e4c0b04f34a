import type { BillingStores } from './ports.ts'
import { renewalInvoiceAt } from './service-plan.ts'
import type { PlanRules } from './service-plan.ts'

export interface ServiceBillingView { readonly paidUntil: Date | null, /** Day of the next invoice in the business zone. */ readonly nextInvoiceOn: string | null, readonly openInvoiceId: string | null }

/** What pages show about the money side of services: by id, one query for all. */
export const describeServices = (deps: { readonly read: BillingStores, readonly rules: PlanRules }) => async (serviceIds: readonly string[]): Promise<Map<string, ServiceBillingView>> => {
  const found = await deps.read.subscriptions.describe(serviceIds)
  return new Map(found.map((service) => {
    const at = renewalInvoiceAt(service, deps.rules)
    return [service.serviceId, { paidUntil: service.paidUntil, nextInvoiceOn: at && deps.rules.calendar.isoDay(at), openInvoiceId: service.openInvoiceId }]
  }))
}

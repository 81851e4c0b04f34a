import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { closeInvoice } from './close-invoice.ts'
import { auditStaff } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { endService } from './end-service.ts'
import { servicesOf } from './invoice.ts'
import type { BillingStores, Invoice } from './ports.ts'
import { releaseFromDunning } from './release-from-dunning.ts'

/**
 * Voids an unpaid invoice. An order that was never paid lapses with it. A renewal may be invoiced again by the next run, and a service
 * that was dunned for nothing else returns. @throws AppError not_found, invoice_not_payable (paid or closed already)
 */
export const voidInvoice = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => ({ invoiceId, reason, actor }: { readonly invoiceId: string, readonly reason: string, readonly actor: Actor }): Promise<void> =>
  deps.transact(async (stores) => {
    const invoice = await stores.invoices.lock(invoiceId)
    if (!invoice) throw new AppError('not_found')
    await stores.lateFees.lockUnpaidOf(invoiceId)
    if (invoice.status !== 'issued') throw new AppError('invoice_not_payable')
    await closeInvoice(deps)(stores, { invoice, as: 'void', reason, actor })
    await auditStaff(stores, { actor, action: 'invoice.void', entity: 'invoice', entityId: invoiceId, before: { status: 'issued' }, after: { status: 'void', reason } })
    await releaseServices(deps, stores, { invoice, reason, actor })
  })

/** The services of an invoice that was taken back: what it would have built lapses, what was dunned for nothing else returns. */
export async function releaseServices(deps: BillingDeps, stores: BillingStores, { invoice, reason, actor }: { readonly invoice: Invoice, readonly reason: string, readonly actor: Actor }): Promise<void> {
  for (const serviceId of servicesOf(await stores.invoices.linesOf(invoice.id))) {
    const service = await stores.subscriptions.lock(serviceId)
    if (!service) continue
    if (service.status === 'pending' && invoice.orderId === service.orderId) await endService(deps)(stores, { serviceId, reason: 'order_expired', note: reason, actor })
    else await releaseFromDunning(stores, { service, cause: 'invoice_voided', actor, now: deps.clock.now() })
  }
}

import { monthsOf } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { closeInvoice } from './close-invoice.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores, InvoiceLine } from './ports.ts'

/** The invoice of an alignment was paid: its services, whose periods were just extended, turn on the common day from now on. A stretch shorter than a period is none that a discount counts. */
export async function followAlignment(deps: BillingDeps, stores: BillingStores, { invoiceId, lines, actor }: { readonly invoiceId: string, readonly lines: readonly InvoiceLine[], readonly actor: Actor }): Promise<void> {
  const alignment = await stores.alignments.byInvoice(invoiceId)
  if (alignment?.status !== 'waiting') return
  const now = deps.clock.now()
  const { calendar } = deps.rules
  for (const serviceId of [...alignment.serviceIds].sort()) {
    const service = await stores.subscriptions.lock(serviceId)
    // The parts of a service stand in their order.
    const last = lines.findLast(line => line.serviceId === serviceId)
    if (!service || service.status === 'ended' || !last?.periodStart || !last.periodEnd) continue
    const whole = calendar.periodEnd(last.periodStart, monthsOf(service.cycle), service.anchorDay ?? calendar.dayOf(last.periodStart).day)
    if (whole.getTime() !== last.periodEnd.getTime()) await stores.lives.extendDiscounts(serviceId)
    await stores.subscriptions.setAnchorDay(serviceId, calendar.dayOf(last.periodEnd).day)
    hint(stores, 'service', serviceId, service.clientId)
  }
  await stores.alignments.close(alignment.id, { status: 'applied', at: now })
  await recordTransition(stores, { entity: 'alignment', id: alignment.id, from: 'waiting', to: 'applied', cause: 'paid', actor, at: now })
}

/** Locks the invoice of the alignment that a service waits in, before the service is locked. */
export async function lockInvoiceOfAlignment(stores: BillingStores, serviceId: string): Promise<void> {
  const alignment = await stores.alignments.openOf(serviceId)
  if (alignment) await stores.invoices.lock(alignment.invoiceId)
}

/** One of its services ends or is cancelled: what waits for all of them is over, its invoice void. The caller has locked that invoice before the service. */
export async function endAlignmentOf(deps: BillingDeps, stores: BillingStores, { serviceId, reason, actor }: { readonly serviceId: string, readonly reason: string, readonly actor: Actor }): Promise<void> {
  const alignment = await stores.alignments.openOf(serviceId)
  const invoice = alignment && await stores.invoices.lock(alignment.invoiceId)
  if (invoice?.status === 'issued') await closeInvoice(deps)(stores, { invoice, as: 'void', reason, actor })
}

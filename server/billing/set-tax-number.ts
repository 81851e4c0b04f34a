import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'

/**
 * Attaches the number that Coretax gave (or takes it off again): from then on the invoice goes with that faktur pajak. Gardu never makes
 * one up. @throws AppError not_found (also for a draft), tax_number_taken
 */
export const setTaxNumber = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => ({ invoiceId, number, actor }: { readonly invoiceId: string, readonly number: string | null, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice || invoice.status === 'draft') throw new AppError('not_found')
  if (invoice.taxInvoiceNumber === number) return
  await stores.taxDocuments.setTaxInvoiceNumber(invoiceId, number)
  await auditStaff(stores, { actor, action: 'invoice.tax_number', entity: 'invoice', entityId: invoiceId, before: { taxInvoiceNumber: invoice.taxInvoiceNumber }, after: { taxInvoiceNumber: number } })
  hint(stores, 'invoice', invoiceId, invoice.clientId)
})

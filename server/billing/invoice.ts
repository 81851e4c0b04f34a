import { isZero, money, negate, subtract, sum, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { isDiscount } from '#shared/vocabulary/billing.ts'
import type { TaxFigures } from '#shared/money/tax.ts'
import type { InvoiceLine, OrderInvoiceInput } from './ports.ts'

/** `INV-2026-000123`: series, year in the business zone, gapless sequence. */
export const invoiceNumber = (series: string, year: number, sequence: number): string => `${series}-${year}-${String(sequence).padStart(6, '0')}`

/** The lines of an order's invoice: price and setup fee of each service and of each of its options, each followed by what codes take off it; a discount is a negative line. */
export function orderInvoiceLines(input: OrderInvoiceInput): InvoiceLine[] {
  const line = (kind: InvoiceLine['kind'], serviceId: string, text: string | NonNullable<InvoiceLine['texts']>, amount: Money): InvoiceLine => ({ kind, serviceId, ...(typeof text === 'string' ? { description: text } : { description: text.id, texts: text }), amount, periodStart: null, periodEnd: null })
  return input.lines.flatMap(({ serviceId, description, price, setup, options = [], discounts }) => {
    const off = (what: 'period' | 'setup') => discounts.filter(discount => discount.off === what && !isZero(discount.amount)).map(({ promoId, label, amount }) => ({ ...line(what === 'setup' ? 'setup_discount' : 'discount', serviceId, label, negate(amount)), promoId }))
    return [line('service', serviceId, description, price), ...options.filter(option => !isZero(option.price)).map(option => line('option', serviceId, option.description, option.price)), ...off('period'), ...(isZero(setup) ? [] : [line('setup', serviceId, description, setup)]), ...options.filter(option => !isZero(option.setup)).map(option => line('setup', serviceId, option.description, option.setup)), ...off('setup')]
  })
}

export interface InvoiceFigures extends TaxFigures { readonly subtotal: Money, readonly discount: Money }
/** Adds up an invoice: PPN is computed once, on the sum. @throws RangeError when a discount is larger than what it is taken from. */
export function invoiceFigures(lines: readonly InvoiceLine[], tax: (taxable: Money) => TaxFigures): InvoiceFigures {
  const subtotal = sum(lines.filter(line => !isDiscount(line.kind)).map(line => line.amount))
  const discount = subtract(zero(subtotal.currency), sum(lines.filter(line => isDiscount(line.kind)).map(line => line.amount)))
  return { subtotal, discount, ...tax(subtract(subtotal, discount)) }
}

/**
 * The lines that a gateway is given: never negative, and together exactly what is owed. Discounts are taken off the line of their service;
 * once a part was paid, one line carries the rest.
 */
export function payableLines(invoice: { readonly id: string, readonly number: string, readonly tax: Money, readonly total: Money }, lines: readonly InvoiceLine[], outstanding: Money): { id: string, name: string, amount: Money }[] {
  if (outstanding.amount !== invoice.total.amount) return [{ id: invoice.id, name: invoice.number, amount: outstanding }]
  const services = new Map<string, { id: string, name: string, amount: Money }>()
  for (const { serviceId, description, amount, kind } of lines) {
    const id = serviceId ?? invoice.id
    const known = services.get(id)
    services.set(id, { id, name: known && kind !== 'service' ? known.name : description, amount: money((known?.amount.amount ?? 0n) + amount.amount, amount.currency) })
  }
  const tax = { id: `${invoice.id}-ppn`, name: 'PPN', amount: invoice.tax }
  const all = [...services.values(), tax].filter(line => !isZero(line.amount))
  return all.every(line => line.amount.amount > 0n) ? all : [{ id: invoice.id, name: invoice.number, amount: outstanding }]
}

/** What one service costs on an invoice, without PPN: what its paid period is recorded with. */
export const netOfService = (lines: readonly InvoiceLine[], serviceId: string): Money => sum(lines.filter(line => line.serviceId === serviceId && line.kind !== 'setup' && line.kind !== 'setup_discount').map(line => line.amount))

/** The services of an invoice, in the order in which they are locked. */
export const servicesOf = (lines: readonly Pick<InvoiceLine, 'serviceId'>[]): string[] => [...new Set(lines.flatMap(line => line.serviceId ?? []))].sort()

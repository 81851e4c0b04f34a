import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { drawInvoice, layout } from '#server/drivers/pdf/invoice.ts'

const party = { name: 'PT Contoh', address: 'Jl. Kenanga 5, Bandung', email: 'a@contoh.test', phone: null, npwp: '0123456789012345', nik: null }
const invoice = {
  id: 'i', clientId: 'c', clientName: 'Sari', clientEmail: 'a@contoh.test', orderId: null, status: 'issued' as const, number: 'INV-2026-000123', subtotal: money(100_000), discount: money(10_000), taxable: money(90_000), dpp: money(82_500), tax: money(9_900), total: money(99_900), taxRule: 'ppn-12-dpp-11/12',
  issuedAt: new Date('2026-11-22T20:00:00Z'), dueAt: new Date('2026-12-02T03:00:00Z'), paidAt: null, closedAt: null, closedReason: null, termDays: null, note: null, taxInvoiceNumber: null, buyer: party, seller: { ...party, name: 'PT Gardu Nusantara' },
}
const lines = Array.from({ length: 60 }, (_, i) => ({ kind: 'service' as const, description: `VPS ${i}`, serviceId: 's', periodStart: new Date('2026-12-02T03:00:00Z'), periodEnd: new Date('2027-01-02T03:00:00Z'), amount: money(100_000) }))
const document = { invoice, lines, outstanding: money(99_900), credited: { total: money(0), toInvoice: money(0) }, zone: 'Asia/Jakarta' }

describe('the invoice as PDF', () => {
  it.each(['id', 'en'] as const)('is drawn in %s with its own fonts, over as many pages as it takes', async (locale) => {
    const pdf = Buffer.from(await drawInvoice({ ...document, locale }))
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    const text = pdf.toString('latin1')
    expect(text.match(/\/Type \/Page\b/g)?.length).toBeGreaterThan(1)
    expect(text).toContain('/FontFile2')
    expect([...text.matchAll(/stream\n/g)].length).toBeGreaterThan(3)
  })

  it.each(['id', 'en'] as const)('says in %s that it is no faktur pajak, and shows number, figures and days of the business zone', (locale) => {
    const shown = JSON.stringify(layout({ ...document, locale }))
    for (const part of ['Bukan faktur pajak', 'INV-2026-000123', 'Rp\u00A099.900', 'Rp\u00A082.500', 'NPWP 0123456789012345', '23 Nov 2026', '2 Jan 2027', '12%']) expect(shown).toContain(part)
  })

  it('shows no PPN for a seller who is not PKP', () => {
    expect(JSON.stringify(layout({ ...document, invoice: { ...invoice, taxRule: 'not-pkp' }, locale: 'id' }))).not.toContain('PPN')
  })
})

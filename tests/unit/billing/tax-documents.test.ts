import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { computeTax } from '#shared/money/tax.ts'
import { lacksOf, taxInvoice } from '#server/billing/coretax.ts'
import { ublCreditNote, ublInvoice } from '#server/billing/ubl.ts'
import { writeXml } from '#shared/text/xml.ts'
import type { CreditedLine, TaxedInvoice } from '#server/billing/invoicing-ports.ts'

const party = { name: 'CV <Contoh> & "Rekan"', address: 'Jl. Kenanga 5, Bandung', email: 'a@contoh.test', phone: null, npwp: '0123456789012345', nik: null }
const at = new Date('2026-11-22T20:00:00Z')
const figures = computeTax(money(1_000_001), at, { pkp: true })
const invoice = {
  id: '01900000-0000-7000-8000-000000000001', clientId: 'c', orderId: null, status: 'issued' as const, number: 'INV-2026-000123', subtotal: money(1_100_001), discount: money(100_000), taxable: figures.taxable, dpp: figures.dpp, tax: figures.tax, total: figures.total, taxRule: figures.rule,
  issuedAt: at, dueAt: new Date('2026-12-02T03:00:00Z'), paidAt: null, closedAt: null, closedReason: null, termDays: 14, note: 'PO 7', taxInvoiceNumber: null, buyer: party, seller: { ...party, name: 'PT Gardu' },
}
const credited = (id: string, kind: CreditedLine['kind'], amount: bigint): CreditedLine => ({ id, kind, serviceId: 's', description: `baris ${id}`, amount: money(amount), credited: money(0) })
const lines = [credited('a', 'service', 1_000_001n), credited('b', 'setup', 100_000n), credited('c', 'discount', -100_000n)]
const soldLines = lines.map(({ id: _, credited: __, ...line }) => ({ ...line, periodStart: null, periodEnd: null }))
const isoDay = (moment: Date) => new Date(moment.getTime() + 7 * 3_600_000).toISOString().slice(0, 10)
const percentOf = (rule: string) => rule === 'ppn-12-dpp-11/12' ? 12n : null
const taxed: TaxedInvoice = { invoice, lines, quantities: new Map([['a', 1]]) }
const names = (xml: string) => [...xml.matchAll(/^ {2}<([\w:]+)/gm)].map(match => match[1])
const all = (xml: string, name: string) => [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g'))].map(match => match[1])

describe('XML that we write', () => {
  it('attack: no text makes an element or an attribute, and signs that XML cannot say are left out', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (nasty) => {
      const xml = writeXml(['a', [['b', nasty, { c: nasty }]]])
      expect(xml.match(/<[^>]*>/g)?.length).toBe(nasty.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '') === '' ? 3 : 4) // eslint-disable-line no-control-regex
      expect(/[\u0000-\u0008]/.test(xml)).toBe(false) // eslint-disable-line no-control-regex
      expect(xml.isWellFormed()).toBe(true)
    }))
  })
})

describe('an invoice as UBL 2.1', () => {
  const xml = ublInvoice(invoice, soldLines, { isoDay, percent: 12n })
  it('has its elements in the order of the standard', () => {
    expect(names(xml)).toEqual([
      'cbc:UBLVersionID', 'cbc:ID', 'cbc:UUID', 'cbc:IssueDate', 'cbc:DueDate', 'cbc:InvoiceTypeCode', 'cbc:Note', 'cbc:Note', 'cbc:DocumentCurrencyCode', 'cac:AccountingSupplierParty', 'cac:AccountingCustomerParty',
      'cac:AllowanceCharge', 'cac:TaxTotal', 'cac:LegalMonetaryTotal', 'cac:InvoiceLine', 'cac:InvoiceLine',
    ])
  })
  it('says the stored figures, PPN as VAT on DPP nilai lain, days of the business zone, and names as they are', () => {
    expect(all(xml, 'cbc:TaxAmount')).toEqual(['110000', '110000'])
    expect(all(xml, 'cbc:TaxableAmount')).toEqual(['916667'])
    expect(all(xml, 'cbc:Percent')).toEqual(['12', '12', '12', '12'])
    expect([all(xml, 'cbc:LineExtensionAmount'), all(xml, 'cbc:TaxExclusiveAmount'), all(xml, 'cbc:AllowanceTotalAmount'), all(xml, 'cbc:PayableAmount')]).toEqual([['1100001', '1000001', '100000'], ['1000001'], ['100000'], ['1110001']])
    expect([all(xml, 'cbc:InvoiceTypeCode'), all(xml, 'cbc:IssueDate')]).toEqual([['380'], ['2026-11-23']])
    expect(xml).toContain('CV &lt;Contoh&gt; &amp; &quot;Rekan&quot;')
    expect(ublInvoice({ ...invoice, taxRule: 'not-pkp', tax: money(0), dpp: invoice.taxable }, soldLines, { isoDay, percent: null })).not.toContain('cbc:Percent')
  })
  it('a credit note names its invoice and is of type 381', () => {
    const note = { id: 'n', invoiceId: invoice.id, number: 'CN-2026-000001', reason: 'rusak', issuedAt: at, ...figures, toInvoice: figures.total, toCredit: money(0) }
    const document = ublCreditNote(note, [{ invoiceLineId: 'a', description: 'baris', amount: money(1_000_001) }], invoice, { isoDay, percent: 12n })
    expect(names(document)).toEqual(['cbc:UBLVersionID', 'cbc:ID', 'cbc:UUID', 'cbc:IssueDate', 'cbc:CreditNoteTypeCode', 'cbc:Note', 'cbc:Note', 'cbc:DocumentCurrencyCode', 'cac:BillingReference', 'cac:AccountingSupplierParty', 'cac:AccountingCustomerParty', 'cac:TaxTotal', 'cac:LegalMonetaryTotal', 'cac:CreditNoteLine'])
    expect([all(document, 'cbc:CreditNoteTypeCode'), all(document, 'cbc:PayableAmount')]).toEqual([['381'], ['1110001']])
    expect(document).toContain('<cbc:ID>INV-2026-000123</cbc:ID>')
  })
})

describe('an invoice for Coretax', () => {
  const context = { isoDay, sellerTin: '9876543210987654', percentOf }
  const write = (changed: Partial<typeof invoice>) => {
    const element = taxInvoice({ ...taxed, invoice: { ...invoice, ...changed } }, context)
    return element ? writeXml(element) : null
  }
  it('carries code 04, the buyer by NPWP, and lines whose bases and PPN add up to the invoice to the Rupiah', () => {
    const xml = write({}) ?? ''
    expect(names(xml)).toEqual(['TaxInvoiceDate', 'TaxInvoiceOpt', 'TrxCode', 'AddInfo', 'CustomDoc', 'CustomDocMonthYear', 'RefDesc', 'FacilityStamp', 'SellerIDTKU', 'BuyerTin', 'BuyerDocument', 'BuyerCountry', 'BuyerDocumentNumber', 'BuyerName', 'BuyerAdress', 'BuyerEmail', 'BuyerIDTKU', 'ListOfGoodService'])
    expect([all(xml, 'TrxCode'), all(xml, 'BuyerTin'), all(xml, 'BuyerDocument'), all(xml, 'SellerIDTKU'), all(xml, 'VATRate')]).toEqual([['04'], ['0123456789012345'], ['TIN'], ['9876543210987654000000'], ['12', '12']])
    const total = (name: string) => all(xml, name).reduce((sum, value) => sum + BigInt(value ?? 0), 0n)
    expect([total('TaxBase'), total('OtherTaxBase'), total('VAT'), total('TotalDiscount')]).toEqual([1_000_001n, 916_667n, 110_000n, 100_000n])
  })
  it('names a person without NPWP by the NIK', () => {
    const xml = write({ buyer: { ...party, npwp: null as never, nik: '3273010101010001' as never } }) ?? ''
    expect([all(xml, 'BuyerTin'), all(xml, 'BuyerDocument'), all(xml, 'BuyerDocumentNumber'), all(xml, 'BuyerIDTKU')]).toEqual([['0000000000000000'], ['National ID'], ['3273010101010001'], ['000000']])
  })
  it.each([
    ['buyer_tax_id', { buyer: { ...party, npwp: null as never } }], ['buyer_npwp_16', { buyer: { ...party, npwp: '012345678901234' } }], ['buyer_address', { buyer: { ...party, address: ' ' } }], ['tax_rule', { taxRule: 'ppn-11', dpp: invoice.taxable }],
  ])('guesses nothing: what has %s is left out and named', (lack, changed) => {
    expect(lacksOf({ ...taxed, invoice: { ...invoice, ...changed } }, percentOf)).toEqual([lack])
    expect(write(changed)).toBeNull()
  })
})

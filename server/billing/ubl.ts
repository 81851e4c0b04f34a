import { isZero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { writeXml, xmlHead } from '#shared/text/xml.ts'
import type { Element } from '#shared/text/xml.ts'
import { isDiscount } from '#shared/vocabulary/billing.ts'
import type { CreditNote, CreditNoteLine } from './invoicing-ports.ts'
import type { Invoice, InvoiceLine, Party } from './ports.ts'

/** What a UBL document needs besides its rows; `percent`: the rate of the invoice's tax rule, null where no PPN was charged. */
export interface UblContext { readonly isoDay: (at: Date) => string, readonly percent: bigint | null, /** Why none was; absent: the seller is not PKP. */ readonly exemption?: string }

const scheme = 'urn:oasis:names:specification:ubl:schema:xsd:'
const roots = (type: 'Invoice' | 'CreditNote') => ({ 'xmlns': `${scheme}${type}-2`, 'xmlns:cac': `${scheme}CommonAggregateComponents-2`, 'xmlns:cbc': `${scheme}CommonBasicComponents-2` })
const cbc = (name: string, text: string, attributes?: Readonly<Record<string, string>>): Element => attributes ? [`cbc:${name}`, text, attributes] : [`cbc:${name}`, text]
const cac = (name: string, children: readonly (Element | null)[]): Element => [`cac:${name}`, children]
const amount = (name: string, { amount, currency }: Money) => cbc(name, amount.toString(), { currencyID: currency })

const party = (role: string, { name, address, email, phone, npwp, nik }: Party): Element => cac(role, [cac('Party', [
  nik ? cac('PartyIdentification', [cbc('ID', nik, { schemeID: 'NIK' })]) : null,
  cac('PartyName', [cbc('Name', name)]),
  cac('PostalAddress', [address ? cac('AddressLine', [cbc('Line', address)]) : null, cac('Country', [cbc('IdentificationCode', 'ID')])]),
  npwp ? cac('PartyTaxScheme', [cbc('CompanyID', npwp, { schemeID: 'NPWP' }), vat()]) : null,
  cac('PartyLegalEntity', [cbc('RegistrationName', name)]),
  email || phone ? cac('Contact', [phone ? cbc('Telephone', phone) : null, email ? cbc('ElectronicMail', email) : null]) : null,
])])
const vat = (): Element => cac('TaxScheme', [cbc('ID', 'VAT'), cbc('Name', 'PPN')])

/** PPN as VAT; `O`: not subject to it, for the seller is not PKP. */
const category = (name: string, { percent, exemption }: UblContext): Element => cac(name, [
  cbc('ID', percent === null ? 'O' : 'S'), percent === null ? null : cbc('Percent', percent.toString()), percent === null && name === 'TaxCategory' ? cbc('TaxExemptionReason', exemption ?? 'Penjual bukan Pengusaha Kena Pajak') : null, vat(),
])
const taxTotal = ({ dpp, tax }: Figures, context: UblContext): Element => cac('TaxTotal', [amount('TaxAmount', tax), cac('TaxSubtotal', [amount('TaxableAmount', dpp), amount('TaxAmount', tax), category('TaxCategory', context)])])

interface Figures { readonly taxable: Money, readonly dpp: Money, readonly tax: Money, readonly total: Money }
/** The base that PPN is a percentage of is not the price: a reader of the document is told so. */
const dppNote = ({ taxable, dpp }: Figures): Element | null => dpp.amount === taxable.amount ? null : cbc('Note', `PPN dihitung atas DPP nilai lain ${dpp.amount} (harga ${taxable.amount})`)
const totals = (lines: Money, { taxable, total }: Figures, discount: Money): Element => cac('LegalMonetaryTotal', [
  amount('LineExtensionAmount', lines), amount('TaxExclusiveAmount', taxable), amount('TaxInclusiveAmount', total), isZero(discount) ? null : amount('AllowanceTotalAmount', discount), amount('PayableAmount', total),
])

function invoiceLine(line: InvoiceLine, index: number, context: UblContext): Element {
  const quantity = BigInt(line.quantity ?? 1)
  // A period is half-open; the last day that belongs to it is that of the moment before its end.
  const period = line.periodStart && line.periodEnd ? cac('InvoicePeriod', [cbc('StartDate', context.isoDay(line.periodStart)), cbc('EndDate', context.isoDay(new Date(line.periodEnd.getTime() - 1)))]) : null
  return cac('InvoiceLine', [
    cbc('ID', String(index + 1)), cbc('InvoicedQuantity', quantity.toString(), { unitCode: 'C62' }), amount('LineExtensionAmount', line.amount), period,
    cac('Item', [cbc('Name', line.description), category('ClassifiedTaxCategory', context)]), cac('Price', [amount('PriceAmount', { ...line.amount, amount: line.amount.amount / quantity })]),
  ])
}

/**
 * An issued invoice as UBL 2.1, as it was issued: what was paid or credited since is not in it. PPN is a tax of the scheme VAT on the
 * stored base (DPP nilai lain); discounts are allowances of the document.
 */
export function ublInvoice(invoice: Invoice & { readonly number: string, readonly issuedAt: Date }, lines: readonly InvoiceLine[], context: UblContext): string {
  const sold = lines.filter(line => !isDiscount(line.kind))
  return xmlHead + writeXml(['Invoice', [
    cbc('UBLVersionID', '2.1'), cbc('ID', invoice.number), cbc('UUID', invoice.id), cbc('IssueDate', context.isoDay(invoice.issuedAt)), invoice.dueAt ? cbc('DueDate', context.isoDay(invoice.dueAt)) : null, cbc('InvoiceTypeCode', '380'),
    invoice.note ? cbc('Note', invoice.note) : null, dppNote(invoice), cbc('DocumentCurrencyCode', invoice.total.currency),
    invoice.taxInvoiceNumber ? cac('AdditionalDocumentReference', [cbc('ID', invoice.taxInvoiceNumber), cbc('DocumentType', 'Faktur Pajak')]) : null,
    party('AccountingSupplierParty', invoice.seller), party('AccountingCustomerParty', invoice.buyer),
    ...lines.filter(line => isDiscount(line.kind)).map(line => cac('AllowanceCharge', [cbc('ChargeIndicator', 'false'), cbc('AllowanceChargeReason', line.description), amount('Amount', { ...line.amount, amount: -line.amount.amount }), category('TaxCategory', context)])),
    taxTotal(invoice, context), totals(invoice.subtotal, invoice, invoice.discount), ...sold.map((line, index) => invoiceLine(line, index, context)),
  ], roots('Invoice')])
}

/** A credit note as UBL 2.1, with the invoice that it takes back; parties are those of the invoice. */
export function ublCreditNote(note: CreditNote, lines: readonly CreditNoteLine[], invoice: Invoice & { readonly number: string, readonly issuedAt: Date }, context: UblContext): string {
  return xmlHead + writeXml(['CreditNote', [
    cbc('UBLVersionID', '2.1'), cbc('ID', note.number), cbc('UUID', note.id), cbc('IssueDate', context.isoDay(note.issuedAt)), cbc('CreditNoteTypeCode', '381'), cbc('Note', note.reason), dppNote(note), cbc('DocumentCurrencyCode', note.total.currency),
    cac('BillingReference', [cac('InvoiceDocumentReference', [cbc('ID', invoice.number), cbc('IssueDate', context.isoDay(invoice.issuedAt))])]),
    party('AccountingSupplierParty', invoice.seller), party('AccountingCustomerParty', invoice.buyer), taxTotal(note, context), totals(note.taxable, note, { ...note.taxable, amount: 0n }),
    ...lines.map((line, index) => cac('CreditNoteLine', [
      cbc('ID', String(index + 1)), cbc('CreditedQuantity', '1', { unitCode: 'C62' }), amount('LineExtensionAmount', line.amount), cac('Item', [cbc('Name', line.description), category('ClassifiedTaxCategory', context)]), cac('Price', [amount('PriceAmount', line.amount)]),
    ])),
  ], roots('CreditNote')])
}

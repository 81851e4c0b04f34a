import { split, subtract } from '#shared/money/money.ts'
import type { CoretaxLack } from '#shared/vocabulary/invoicing.ts'
import type { Element } from '#shared/text/xml.ts'
import { creditableLines } from './credit-note.ts'
import type { TaxedInvoice } from './invoicing-ports.ts'

export interface CoretaxContext { readonly isoDay: (at: Date) => string, /** Sixteen digits. */ readonly sellerTin: string, /** The rate in percent of a tax rule, null for one that is not known. */ readonly percentOf: (rule: string) => bigint | null }

/** Sixteen digits as Coretax wants them; dots and dashes are dropped. */
export const tinOf = (npwp: string | null): string | null => {
  const digits = npwp?.replace(/\D/g, '') ?? ''
  return digits.length === 16 ? digits : null
}

/**
 * Code 04 is for PPN on a base that differs from the price (DPP nilai lain); anything else is not guessed. A company is named by its NPWP of
 * 16 digits, a person without one by the NIK. An old NPWP of 15 digits does not say which 16 it became.
 */
export function lacksOf({ invoice }: TaxedInvoice, percentOf: CoretaxContext['percentOf']): CoretaxLack[] {
  const { npwp, nik, address } = invoice.buyer
  const identity: CoretaxLack[] = npwp ? tinOf(npwp) ? [] : ['buyer_npwp_16'] : nik ? [] : ['buyer_tax_id']
  return [...identity, ...(address.trim() ? [] : ['buyer_address' as const]), ...(percentOf(invoice.taxRule) !== null && invoice.dpp.amount !== invoice.taxable.amount ? [] : ['tax_rule' as const])]
}

/** Service, of no category of its own, counted in "Lainnya". */
const kindOfService = { opt: 'B', code: '000000', unit: 'UM.0033' } as const
const idtku = (tin: string) => `${tin}000000`

function goods({ invoice, lines, quantities }: TaxedInvoice, percent: bigint): Element[] {
  const gross = new Map(lines.map(line => [line.id, line.amount]))
  const sold = creditableLines(lines).filter(line => line.amount.amount > 0n)
  const weights = sold.map(line => line.amount.amount)
  // The lines carry the invoice's own figures to the Rupiah: they are split, not computed again.
  const [bases, taxes] = [split(invoice.dpp, weights), split(invoice.tax, weights)]
  return sold.map((line, i): Element => {
    const quantity = BigInt(quantities.get(line.id) ?? 1)
    const full = gross.get(line.id) ?? line.amount
    return ['GoodService', [
      ['Opt', kindOfService.opt], ['Code', kindOfService.code], ['Name', line.kind === 'setup' ? `Biaya pemasangan ${line.description}` : line.description], ['Unit', kindOfService.unit], ['Price', (full.amount / quantity).toString()], ['Qty', quantity.toString()],
      ['TotalDiscount', subtract(full, line.amount).amount.toString()], ['TaxBase', line.amount.amount.toString()], ['OtherTaxBase', String(bases[i]?.amount ?? 0n)], ['VATRate', percent.toString()], ['VAT', String(taxes[i]?.amount ?? 0n)], ['STLGRate', '0'], ['STLG', '0'],
    ]]
  })
}

/** One `TaxInvoice` of a Coretax bulk file, in the order of its scheme (`BuyerAdress` is the scheme's own spelling); null for what lacks something. */
export function taxInvoice(taxed: TaxedInvoice, { isoDay, sellerTin, percentOf }: CoretaxContext): Element | null {
  const { invoice } = taxed
  const percent = percentOf(invoice.taxRule)
  if (lacksOf(taxed, percentOf).length > 0 || percent === null || !invoice.issuedAt) return null
  const tin = tinOf(invoice.buyer.npwp)
  return ['TaxInvoice', [
    ['TaxInvoiceDate', isoDay(invoice.issuedAt)], ['TaxInvoiceOpt', 'Normal'], ['TrxCode', '04'], ['AddInfo', ''], ['CustomDoc', ''], ['CustomDocMonthYear', ''], ['RefDesc', invoice.number ?? ''], ['FacilityStamp', ''], ['SellerIDTKU', idtku(sellerTin)],
    ['BuyerTin', tin ?? '0000000000000000'], ['BuyerDocument', tin ? 'TIN' : 'National ID'], ['BuyerCountry', 'IDN'], ['BuyerDocumentNumber', tin ? '-' : invoice.buyer.nik ?? ''], ['BuyerName', invoice.buyer.name], ['BuyerAdress', invoice.buyer.address],
    ['BuyerEmail', invoice.buyer.email ?? ''], ['BuyerIDTKU', tin ? idtku(tin) : '000000'], ['ListOfGoodService', goods(taxed, percent)],
  ]]
}

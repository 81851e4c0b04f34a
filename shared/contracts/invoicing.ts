import { z } from 'zod'
import { coretaxLacks } from '#shared/vocabulary/invoicing.ts'
import { adminInvoiceView } from './admin.ts'
import { contract, idParams, moneyInput, moneyView, uuid } from './contract.ts'

const tag = 'admin'
const access = 'finance' as const
const locale = z.object({ locale: z.enum(['id', 'en']).default('id') })
const reason = z.string().trim().min(3).max(500)
const blank = (v: unknown) => v === '' || v === undefined ? null : v

// Invoices by hand --------------------------------------------------------------------------------------------------------------------
/** Quantity times unit price, both whole. So bounded that no sum leaves what an amount can hold. */
const draftLine = z.object({ description: z.string().trim().min(2).max(200), quantity: z.coerce.number().int().min(1).max(9_999), unitPrice: moneyInput.extend({ amount: z.string().trim().regex(/^\d{1,12}$/) }) })
const draftLines = z.array(draftLine).min(1).max(50)
export const draftBody = z.object({ clientId: uuid, lines: draftLines, termDays: z.coerce.number().int().min(0).max(90), note: z.preprocess(blank, z.string().trim().max(1_000).nullable()) })
export const figuresView = z.object({ subtotal: moneyView, taxable: moneyView, dpp: moneyView, tax: moneyView, total: moneyView, taxRule: z.string() })
export const previewInvoice = contract({ method: 'POST', path: '/api/admin/invoices/preview', access, tag, summary: 'What lines would ask for if they were issued now', body: z.object({ lines: draftLines }), response: figuresView })
export const draftInvoice = contract({ method: 'POST', path: '/api/admin/invoices', access, tag, summary: 'Draft an invoice by hand: no number, nothing booked', body: draftBody, response: adminInvoiceView, status: 201, creates: true })
export const changeDraft = contract({ method: 'PUT', path: '/api/admin/invoices/{id}/draft', access, tag, summary: 'Replace what a draft says', params: idParams, body: draftBody, response: adminInvoiceView })
export const deleteDraft = contract({ method: 'DELETE', path: '/api/admin/invoices/{id}/draft', access, tag, summary: 'Delete a draft', params: idParams, status: 204 })
/** `expectedTotal` is what the issuer saw; when it is another by now, nothing is issued. */
export const issueDraft = contract({ method: 'POST', path: '/api/admin/invoices/{id}/issue', access, tag, summary: 'Issue a draft: number, ledger entry, mail', params: idParams, body: z.object({ expectedTotal: moneyInput }), response: adminInvoiceView, creates: true })

// Credit notes ------------------------------------------------------------------------------------------------------------------------
export const creditableView = z.object({ items: z.array(z.object({ id: uuid, description: z.string(), /** Net of discounts. */ amount: moneyView, left: moneyView })) })
export const showCreditable = contract({ method: 'GET', path: '/api/admin/invoices/{id}/credit-notes', access, tag, summary: 'What of an invoice can still be credited, by line', params: idParams, response: creditableView })
/** Net amounts by line; without `lines` everything that is left. */
export const creditNoteBody = z.object({ reason, lines: z.array(z.object({ lineId: uuid, amount: moneyInput })).min(1).max(200).optional() })
export const issueCreditNote = contract({ method: 'POST', path: '/api/admin/invoices/{id}/credit-notes', access, tag, summary: 'Take an issued or paid invoice back, whole or by lines', params: idParams, body: creditNoteBody, response: adminInvoiceView, status: 201, creates: true })

// Documents ---------------------------------------------------------------------------------------------------------------------------
const noteParams = z.object({ id: uuid, noteId: uuid })
const pdf = 'application/pdf'
const xml = 'application/xml'
export const downloadAdminInvoice = contract({ method: 'GET', path: '/api/admin/invoices/{id}/pdf', access, tag, summary: 'The invoice as PDF', params: idParams, query: locale, produces: pdf })
export const downloadAdminInvoiceXml = contract({ method: 'GET', path: '/api/admin/invoices/{id}/xml', access, tag, summary: 'The invoice as UBL 2.1', params: idParams, produces: xml })
export const downloadAdminCreditNote = contract({ method: 'GET', path: '/api/admin/invoices/{id}/credit-notes/{noteId}/pdf', access, tag, summary: 'A credit note as PDF', params: noteParams, query: locale, produces: pdf })
export const downloadAdminCreditNoteXml = contract({ method: 'GET', path: '/api/admin/invoices/{id}/credit-notes/{noteId}/xml', access, tag, summary: 'A credit note as UBL 2.1', params: noteParams, produces: xml })
export const downloadInvoiceXml = contract({ method: 'GET', path: '/api/portal/invoices/{id}/xml', access: 'client', tag: 'portal', summary: 'My invoice as UBL 2.1', params: idParams, produces: xml })
export const downloadCreditNote = contract({ method: 'GET', path: '/api/portal/invoices/{id}/credit-notes/{noteId}/pdf', access: 'client', tag: 'portal', summary: 'A credit note of mine as PDF', params: noteParams, query: locale, produces: pdf })
export const downloadCreditNoteXml = contract({ method: 'GET', path: '/api/portal/invoices/{id}/credit-notes/{noteId}/xml', access: 'client', tag: 'portal', summary: 'A credit note of mine as UBL 2.1', params: noteParams, produces: xml })

// Faktur pajak ------------------------------------------------------------------------------------------------------------------------
/** The seventeen digits of Coretax; dots, dashes and spaces are dropped. Null takes the number off again. */
export const taxNumberBody = z.object({ number: z.preprocess(v => typeof v === 'string' ? blank(v.replace(/[.\s-]/g, '')) : blank(v), z.string().regex(/^\d{17}$/, 'tax_number_shape').nullable()) })
export const setTaxNumber = contract({ method: 'PUT', path: '/api/admin/invoices/{id}/tax-number', access, tag, summary: 'Attach the faktur pajak number that Coretax gave, or take it off', params: idParams, body: taxNumberBody, response: adminInvoiceView })
const monthQuery = z.object({ month: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'month_shape') })
export const coretaxView = z.object({
  month: z.string(), /** Null: the seller's NPWP is not set, no file can be made. */ sellerTin: z.string().nullable(), ready: z.number().int(), tax: moneyView, lacking: z.number().int(),
  missing: z.array(z.object({ invoiceId: uuid, number: z.string(), clientName: z.string(), lacks: z.array(z.enum(coretaxLacks)) })),
})
export const checkCoretax = contract({ method: 'GET', path: '/api/admin/coretax', access, tag, summary: 'What the Coretax file of a month would hold, and what it must leave out', query: monthQuery, response: coretaxView })
export const exportCoretax = contract({ method: 'GET', path: '/api/admin/coretax/xml', access, tag, summary: 'The Coretax bulk file (TaxInvoiceBulk) of a month', query: monthQuery, produces: xml })

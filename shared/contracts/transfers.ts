import { z } from 'zod'
import { bankLineStatuses, bankLineUses, banks, matchReasons, proofKinds, rowProblemReasons } from '#shared/vocabulary/transfers.ts'
import { calendarDay, contract, idParams, instant, listOf, moneyInput, moneyView, pageQuery, search, uuid } from './contract.ts'

const fileBytes = 5 * 1_048_576
const portal = { tag: 'portal', access: 'client' } as const
const finance = { tag: 'admin', access: 'finance' } as const

// Bank transfer and credit on an invoice --------------------------------------------------------------------------------------------
export const proofView = z.object({ id: uuid, kind: z.enum(proofKinds), size: z.number().int(), uploadedAt: instant })
const shownAccount = z.object({ bank: z.enum(banks), number: z.string(), holder: z.string() })
/** `amount` is `base` and the unique code together; what is paid over the invoice becomes client credit. */
export const transferView = z.object({ paymentId: uuid, base: moneyView, code: z.number().int(), amount: moneyView, expiresAt: instant.nullable(), accounts: z.array(shownAccount), proofs: z.array(proofView), /** How many more may be uploaded. */ proofsLeft: z.number().int() })
/** Ways to pay without a gateway. `credit`: what can be used for this invoice now. `canCancel`: a deposit that its owner may give up. */
export const waysView = z.object({ credit: moneyView, transfer: z.boolean(), attempt: transferView.nullable(), deposit: z.boolean(), canCancel: z.boolean() })
export const showWays = contract({ ...portal, method: 'GET', path: '/api/portal/invoices/{id}/ways', summary: 'Ways to pay without a gateway: bank transfer with its open attempt, and my credit', params: idParams, response: waysView })
export const startTransfer = contract({ ...portal, method: 'POST', path: '/api/portal/invoices/{id}/transfer', summary: 'Start paying by bank transfer: the amount gets a unique code; a live attempt of another method is cancelled first', params: idParams, response: transferView, status: 201, creates: true })
export const payWithCredit = contract({ ...portal, method: 'POST', path: '/api/portal/invoices/{id}/credit', summary: 'Pay from my credit, whole or in part; a live attempt is cancelled first', params: idParams, body: z.object({ amount: moneyInput.optional() }).default({}), response: z.object({ applied: moneyView, left: moneyView }), status: 201, creates: true })
const proofParams = z.object({ id: uuid, paymentId: uuid })
export const uploadProof = contract({ ...portal, method: 'POST', path: '/api/portal/invoices/{id}/payments/{paymentId}/proofs', summary: 'Upload a proof of transfer (JPEG, PNG or PDF, at most 5 MiB): the body is the file', params: proofParams, accepts: { types: ['image/jpeg', 'image/png', 'application/pdf', 'application/octet-stream'], bytes: fileBytes }, response: transferView, status: 201, creates: true, rateLimit: { limit: 30, seconds: 600 } })
export const downloadProof = contract({ ...portal, method: 'GET', path: '/api/portal/invoices/{id}/payments/{paymentId}/proofs/{proofId}', summary: 'A proof that I uploaded, as attachment', params: proofParams.extend({ proofId: uuid }), produces: 'application/octet-stream' })

// Deposits ----------------------------------------------------------------------------------------------------------------------------
export const topUpLimits = { least: 10_000, most: 50_000_000 } as const
export const topUpBody = z.object({ amount: moneyInput.refine(v => Number(v.amount) >= topUpLimits.least && Number(v.amount) <= topUpLimits.most, { path: ['amount'], message: 'top_up_range' }) })
const issuedDeposit = z.object({ invoiceId: uuid, number: z.string() })
export const topUp = contract({ ...portal, method: 'POST', path: '/api/portal/credit/deposits', summary: 'Add funds: makes a deposit to be paid by any method; its money becomes my credit', body: topUpBody, response: issuedDeposit, status: 201, creates: true })
export const cancelDeposit = contract({ ...portal, method: 'DELETE', path: '/api/portal/credit/deposits/{id}', summary: 'Give up an unpaid deposit', params: idParams, status: 204 })
export const payTogetherBody = z.object({ invoiceIds: z.array(uuid).min(2).max(20) })
export const payTogether = contract({ ...portal, method: 'POST', path: '/api/portal/invoices/together', summary: 'Pay several invoices together: makes one deposit that pays them, oldest first, once it is paid', body: payTogetherBody, response: issuedDeposit, status: 201, creates: true })

// Bank accounts -------------------------------------------------------------------------------------------------------------------------
export const bankAccountBody = z.object({ bank: z.enum(banks), number: z.string().trim().transform(v => v.replace(/[\s.-]/g, '')).pipe(z.string().regex(/^\d{6,20}$/, 'account_shape')), holder: z.string().trim().min(2).max(100), active: z.boolean().default(true), position: z.number().int().min(0).max(10_000).default(100) })
export const bankAccountView = z.object({ id: uuid, bank: z.enum(banks), number: z.string(), holder: z.string(), active: z.boolean(), position: z.number().int(), openLines: z.number().int() })
export const listBankAccounts = contract({ ...finance, method: 'GET', path: '/api/admin/bank/accounts', summary: 'Bank accounts that clients transfer to', response: z.object({ items: z.array(bankAccountView) }) })
export const createBankAccount = contract({ ...finance, method: 'POST', path: '/api/admin/bank/accounts', summary: 'Add a bank account', body: bankAccountBody, response: bankAccountView, status: 201, creates: true })
export const updateBankAccount = contract({ ...finance, method: 'PUT', path: '/api/admin/bank/accounts/{id}', summary: 'Change a bank account; one that is not active is offered to nobody', params: idParams, body: bankAccountBody, response: bankAccountView })

// Statements ----------------------------------------------------------------------------------------------------------------------------
export const rowProblemView = z.object({ line: z.number().int(), reason: z.enum(rowProblemReasons), text: z.string() })
const statementQuery = z.object({ accountId: uuid, name: z.string().trim().max(200).default('') })
const csv = { types: ['text/csv', 'application/octet-stream'], bytes: fileBytes }
export const statementPreviewView = z.object({
  format: z.string(), bank: z.enum(banks), rows: z.number().int(), /** Rows that no statement before had. */ added: z.number().int(), incoming: moneyView, outgoing: moneyView, from: calendarDay.nullable(), until: calendarDay.nullable(),
  problems: z.array(rowProblemView), problemCount: z.number().int(), sample: z.array(z.object({ line: z.number().int(), bookedOn: calendarDay, description: z.string(), amount: moneyView, known: z.boolean() })),
})
export const previewStatement = contract({ ...finance, method: 'POST', path: '/api/admin/bank/statements/preview', summary: 'Read a statement (CSV, at most 5 MiB and 20,000 rows; the body is the file) without importing it', query: statementQuery, accepts: csv, response: statementPreviewView })
export const bankStatementView = z.object({ id: uuid, accountId: uuid, accountLabel: z.string(), name: z.string(), format: z.string(), importedAt: instant, importedBy: z.string(), rows: z.number().int(), added: z.number().int(), problems: z.array(rowProblemView), problemCount: z.number().int() })
export const importStatement = contract({ ...finance, method: 'POST', path: '/api/admin/bank/statements', summary: 'Import a statement; rows that are known already are not added again', query: statementQuery, accepts: csv, response: bankStatementView, status: 201, creates: true })
export const listBankStatements = contract({ ...finance, method: 'GET', path: '/api/admin/bank/statements', summary: 'Imported statements with the rows that could not be read', query: pageQuery, response: listOf(bankStatementView) })

// Matching ------------------------------------------------------------------------------------------------------------------------------
export const suggestionView = z.object({ reason: z.enum(matchReasons), use: z.enum(bankLineUses), paymentId: uuid.nullable(), invoiceId: uuid.nullable(), invoiceNumber: z.string().nullable(), clientId: uuid, clientName: z.string(), /** What is asked for. */ amount: moneyView })
export const bankLineView = z.object({
  id: uuid, accountId: uuid, accountLabel: z.string(), bookedOn: calendarDay, ageDays: z.number().int(), amount: moneyView, description: z.string(), status: z.enum(bankLineStatuses), usedAs: z.enum(bankLineUses).nullable(), reason: z.string().nullable(), decidedAt: instant.nullable(),
  invoiceId: uuid.nullable(), invoiceNumber: z.string().nullable(), clientId: uuid.nullable(), clientName: z.string().nullable(), suggestions: z.array(suggestionView),
})
export const bankLineQuery = pageQuery.extend({ q: search, status: z.enum(bankLineStatuses).optional(), accountId: uuid.optional() })
/** `ageing`: lines that nobody decided yet, by the days since they were booked. */
export const bankLinesView = listOf(bankLineView).extend({ ageing: z.array(z.object({ upToDays: z.number().int().nullable(), count: z.number().int(), amount: moneyView })), exact: z.number().int() })
export const listBankLines = contract({ ...finance, method: 'GET', path: '/api/admin/bank/lines', summary: 'Movements on the bank accounts, with suggested matches; the undecided ones oldest first', query: bankLineQuery, response: bankLinesView })
export const decideBankLineBody = z.discriminatedUnion('as', [
  z.object({ as: z.literal('transfer'), paymentId: uuid }),
  z.object({ as: z.literal('invoice'), invoiceId: uuid }),
  z.object({ as: z.literal('credit'), clientId: uuid }),
  /** Staff booked this money by hand before: the line is tied to that payment and nothing is booked. */
  z.object({ as: z.literal('recorded'), paymentId: uuid }),
  z.object({ as: z.literal('ignored'), reason: z.string().trim().min(3).max(500) }),
  /** An ignored line waits again. */
  z.object({ as: z.literal('reopened') }),
  /** What a decided line booked is taken back, and it waits again. */
  z.object({ as: z.literal('undone'), reason: z.string().trim().min(3).max(500) }),
])
export const decideBankLine = contract({ ...finance, method: 'POST', path: '/api/admin/bank/lines/{id}/decision', summary: 'Say what a line was for: its money is booked once, or it is ignored with a reason', params: idParams, body: decideBankLineBody, status: 204 })
export const confirmExact = contract({ ...finance, method: 'POST', path: '/api/admin/bank/lines/confirm-exact', summary: 'Confirm every line whose amount, code included, is that of one open transfer', response: z.object({ confirmed: z.number().int(), failed: z.number().int() }) })
export const pendingTransferView = z.object({ paymentId: uuid, invoiceId: uuid, invoiceNumber: z.string().nullable(), clientId: uuid, clientName: z.string(), amount: moneyView, base: moneyView, createdAt: instant, expiresAt: instant.nullable(), proofs: z.array(proofView) })
export const listTransfers = contract({ ...finance, method: 'GET', path: '/api/admin/bank/transfers', summary: 'Open transfers, those with a proof first', query: pageQuery, response: listOf(pendingTransferView) })
export const downloadAnyProof = contract({ ...finance, method: 'GET', path: '/api/admin/bank/proofs/{id}', summary: 'A proof of transfer, as attachment', params: idParams, produces: 'application/octet-stream' })

import { z } from 'zod'
import { cancelReasons, changeStatuses, changeTimings, endReasons, invoiceLineKinds, invoiceStatuses, orderStatuses, serviceStatuses, suspensionReasons } from '#shared/vocabulary/billing.ts'
import { clientKinds, locales, optionKinds } from '#shared/vocabulary/catalog.ts'
import { machineTypes, powerActions, powerStates, resourceStatuses, sagaKinds, sagaStatuses, stepStatuses } from '#shared/vocabulary/machines.ts'
import { gatewayMethods, gateways, paymentMethods, paymentStatuses } from '#shared/vocabulary/payments.ts'
import { provinces } from '#shared/vocabulary/provinces.ts'
import { contract, cycle, idParams, instant, listOf, localized, moneyView, pageQuery, uuid } from './contract.ts'
import { orderItemInput, productSpec, promoCodesInput } from './storefront.ts'

// Profile ---------------------------------------------------------------------------------------------------------------------------
export const phone = z.string().trim().transform(v => v.replace(/[\s().-]/g, '').replace(/^0(?=8)/, '+62')).pipe(z.string().regex(/^\+[1-9]\d{7,14}$/, 'phone_shape'))
/** NIK: sixteen digits. NPWP: fifteen (old) or sixteen digits; dots and dashes are dropped. */
export const nik = z.string().trim().regex(/^\d{16}$/, 'nik_shape')
export const npwp = z.string().trim().transform(v => v.replace(/[.\s-]/g, '')).pipe(z.string().regex(/^\d{15,16}$/, 'npwp_shape'))
const blank = (v: unknown) => v === '' || v === undefined ? null : v
export const profileBody = z.object({
  kind: z.enum(clientKinds), companyName: z.preprocess(blank, z.string().trim().min(2).max(150).nullable()), nik: z.preprocess(blank, nik.nullable()), npwp: z.preprocess(blank, npwp.nullable()),
  phone, addressLine: z.string().trim().min(5).max(200), city: z.string().trim().min(2).max(80), province: z.enum(provinces, 'province_unknown'), postalCode: z.string().trim().regex(/^\d{5}$/, 'postal_code_shape'), country: z.literal('ID').default('ID'),
}).superRefine((v, ctx) => {
  if (v.kind === 'company' && !v.companyName) ctx.addIssue({ code: 'custom', path: ['companyName'], message: 'company_name_required' })
  if (v.kind === 'company' && !v.npwp) ctx.addIssue({ code: 'custom', path: ['npwp'], message: 'npwp_required' })
})
export const profileView = z.object({ kind: z.enum(clientKinds), companyName: z.string().nullable(), nik: z.string().nullable(), npwp: z.string().nullable(), phone: z.string(), addressLine: z.string(), city: z.string(), province: z.string(), postalCode: z.string(), country: z.string() })

// Orders ----------------------------------------------------------------------------------------------------------------------------
/** `expectedTotal` is what the buyer saw; when the server's total differs, nothing is placed and `price_changed` is answered. */
export const placeOrderBody = z.object({ items: z.array(orderItemInput).min(1).max(10), promoCodes: promoCodesInput, expectedTotal: z.string().regex(/^\d{1,18}$/).optional() })
export const orderView = z.object({ id: uuid, number: z.string(), status: z.enum(orderStatuses), placedAt: instant, total: moneyView, invoiceId: uuid.nullable(), items: z.array(z.object({ serviceId: uuid, productName: z.string(), cycle, hostname: z.string() })) })

// Invoices and payments -------------------------------------------------------------------------------------------------------------
export const invoiceLineView = z.object({ kind: z.enum(invoiceLineKinds), description: z.string(), serviceId: uuid.nullable(), periodStart: z.string().nullable(), periodEnd: z.string().nullable(), quantity: z.number().int(), unitPrice: moneyView, amount: moneyView })
export const partyView = z.object({ name: z.string(), address: z.string(), email: z.string().nullable(), phone: z.string().nullable(), npwp: z.string().nullable(), nik: z.string().nullable() })
export const paymentView = z.object({
  id: uuid, gateway: z.enum(gateways).nullable(), method: z.enum(paymentMethods), status: z.enum(paymentStatuses), amount: moneyView, /** What of the amount is the method's fee, PPN included. */ fee: moneyView, createdAt: instant, settledAt: instant.nullable(), expiresAt: instant.nullable(),
  /** What the buyer needs to pay: a VA number, a biller code with its bill key, a QR code (as SVG, drawn by the server), a page to go to, or an app to open. */
  instructions: z.object({ vaNumber: z.string().nullable(), bank: z.string().nullable(), billerCode: z.string().nullable(), billKey: z.string().nullable(), qrSvg: z.string().nullable(), redirectUrl: z.string().nullable(), appUrl: z.string().nullable() }).nullable(),
})
export const railStepView = z.object({ kind: z.enum(['issued', 'reminder', 'due', 'suspension', 'termination', 'paid', 'void', 'late_fee']), at: instant, done: z.boolean(), reason: z.string() })
export const invoiceSummaryView = z.object({ id: uuid, number: z.string().nullable(), status: z.enum(invoiceStatuses), overdue: z.boolean(), issuedAt: instant.nullable(), dueAt: instant.nullable(), paidAt: instant.nullable(), total: moneyView, outstanding: moneyView, /** The number of the invoice that this one charges for being late. */ lateFeeOf: z.string().nullable() })
/** One of the two invoices of a late fee. */
const feeSideView = z.object({ invoiceId: uuid, number: z.string(), status: z.enum(invoiceStatuses), total: moneyView })
/** What was taken back of an invoice; `toCredit`: what of it became the client's credit. */
export const creditNoteView = z.object({ id: uuid, number: z.string(), issuedAt: instant, reason: z.string(), taxable: moneyView, tax: moneyView, total: moneyView, toCredit: moneyView })
export const invoiceView = invoiceSummaryView.extend({
  lines: z.array(invoiceLineView), subtotal: moneyView, discount: moneyView, taxable: moneyView, dpp: moneyView, tax: moneyView, taxRule: z.string(), paid: moneyView, /** A small rest that was given up. */ writtenOff: moneyView, credited: moneyView, creditNotes: z.array(creditNoteView),
  note: z.string().nullable(), /** Given by Coretax; without it the invoice is no faktur pajak. */ taxInvoiceNumber: z.string().nullable(), /** An e-meterai is due on it. */ stampDuty: z.boolean(),
  buyer: partyView, seller: partyView, payments: z.array(paymentView), activePayment: paymentView.nullable(), /** `fee`: what the method costs on top, PPN included. */ methods: z.array(z.object({ method: z.enum(gatewayMethods), fee: moneyView })), rail: z.array(railStepView),
  /** What was charged because this invoice is late; or the late invoice that this one was charged for. */
  lateFee: feeSideView.nullable(), lateInvoice: feeSideView.nullable(),
})
/** `locale`: the language to which the gateway's page brings the buyer back; without it the account's. */
export const startPaymentBody = z.object({ method: z.enum(gatewayMethods), locale: z.enum(locales).optional() })

// Services --------------------------------------------------------------------------------------------------------------------------
export const sagaStepView = z.object({ name: z.string(), status: z.enum(stepStatuses), startedAt: instant.nullable(), finishedAt: instant.nullable(), detail: z.string().nullable() })
export const sagaView = z.object({ id: uuid, kind: z.enum(sagaKinds), action: z.string().nullable(), status: z.enum(sagaStatuses), startedAt: instant, finishedAt: instant.nullable(), retryAt: instant.nullable(), reason: z.string().nullable(), /** Called off; what it did is being taken back. */ callingOff: z.boolean(), steps: z.array(sagaStepView) })
export const serviceSummaryView = z.object({
  id: uuid, hostname: z.string(), productName: z.string(), productKind: z.string(), status: z.enum(serviceStatuses), suspensionReason: z.enum(suspensionReasons).nullable(), endReason: z.enum(endReasons).nullable(),
  resourceStatus: z.enum(resourceStatuses), power: z.enum(powerStates), ipv4: z.string().nullable(), /** `length`: of its network. */ ipv6: z.object({ address: z.string(), length: z.number().int() }).nullable(), cycle, /** Of what is paid once. */ deliveredAt: instant.nullable(), /** Of the product alone. */ price: moneyView, /** With its options. */ periodPrice: moneyView, paidUntil: instant.nullable(), nextInvoiceOn: z.string().nullable(), openInvoiceId: uuid.nullable(),
})
/** What was sold of an option; `price` is that of the whole period. */
export const soldOptionView = z.object({ optionId: uuid, choiceId: uuid.nullable(), key: z.string(), choiceKey: z.string().nullable(), kind: z.enum(optionKinds), label: localized, choiceLabel: localized.nullable(), quantity: z.number().int(), price: moneyView })
/** `price` is that of the product alone. */
export const termsView = z.object({ productId: uuid, productName: z.string(), spec: productSpec, cycle, price: moneyView, options: z.array(soldOptionView) })
/** A change of product or cycle that is open, or lapsed lately. `startsAt`: the beginning of the period with the new price, once it is invoiced. */
export const changeView = z.object({
  id: uuid, timing: z.enum(changeTimings), status: z.enum(changeStatuses), from: termsView, to: termsView, invoiceId: uuid.nullable(),
  createdAt: instant, expiresAt: instant.nullable(), startsAt: instant.nullable(), closedReason: z.string().nullable(), cancellable: z.boolean(),
})
export const serviceView = serviceSummaryView.extend({
  options: z.array(soldOptionView), /** It has one that can be taken away, or its product sells one in its cycle. */ optionsChangeable: z.boolean(), spec: productSpec, templateName: z.string().nullable(), /** Of the machine. */ machineType: z.enum(machineTypes), sshKey: z.string().nullable(), /** False: its system takes no SSH keys. */ takesKeys: z.boolean(), username: z.string().nullable(), credentialsAvailable: z.boolean(), cancelAtPeriodEnd: z.boolean(), change: changeView.nullable(),
  usage: z.object({ cpu: z.number(), memoryUsedMiB: z.number(), memoryTotalMiB: z.number(), uptimeSeconds: z.number(), observedAt: instant }).nullable(),
  /** What the next renewal invoice will ask, PPN included, and how it comes about; null while none is foreseen. */
  nextInvoice: z.object({ price: moneyView, discount: moneyView, tax: moneyView, total: moneyView, codes: z.array(z.string()) }).nullable(),
  /** Prices (without PPN) of periods that begin then or later. */
  priceChanges: z.array(z.object({ price: moneyView, from: instant })), priceLockedUntil: instant.nullable(),
  /** The end of the free trial that runs; `endsAt`: it has a fixed term and ends by itself then. */
  trialEndsAt: instant.nullable(), endsAt: instant.nullable(),
  allowedActions: z.array(z.enum(powerActions)), refusal: z.string().nullable(), /** Null: its console may be opened. */ consoleRefusal: z.string().nullable(), /** The CD image that its machine starts from; null: it starts from its disk. */ rescue: z.object({ image: z.string(), since: instant.nullable() }).nullable(), sagas: z.array(sagaView),
})
/** `cancel` ends the service at the end of what is paid, `cancel_now` at once; both want its hostname typed and say why. `keep` takes `cancel` back. */
export const serviceActionBody = z.object({ action: z.enum([...powerActions, 'cancel', 'cancel_now', 'keep']), hostname: z.string().max(200).optional(), reason: z.enum(cancelReasons).optional(), note: z.string().trim().max(500).optional() })
/** Opens one console within `expiresInSeconds`, once: as a subprotocol `ticket.<ticket>` beside `binary` at the websocket `path`. */
export const consoleTicketView = z.object({ ticket: z.string(), path: z.string(), expiresInSeconds: z.number().int() })
export const credentialsView = z.object({ username: z.string(), password: z.string() })
export const overviewView = z.object({
  services: z.array(serviceSummaryView), unpaidInvoices: z.array(invoiceSummaryView), totalDue: moneyView, credit: moneyView,
  attention: z.array(z.object({ kind: z.enum(['profile_incomplete', 'invoice_due', 'invoice_overdue', 'service_suspended', 'service_failed', 'totp_off']), subjectId: z.string().nullable(), label: z.string(), at: instant.nullable() })),
  activity: z.array(z.object({ at: instant, text: z.string() })),
})
export const creditView = z.object({ balance: moneyView, entries: listOf(z.object({ at: instant, cause: z.string(), invoiceId: uuid.nullable(), amount: moneyView })) })

const tag = 'portal'
const access = 'client' as const
export const showOverview = contract({ method: 'GET', path: '/api/portal/overview', access, tag, summary: 'What needs my attention, my services and what I owe', response: overviewView })
export const showProfile = contract({ method: 'GET', path: '/api/portal/profile', access, tag, summary: 'My billing profile', response: z.object({ profile: profileView.nullable() }) })
export const saveProfile = contract({ method: 'PUT', path: '/api/portal/profile', access, tag, summary: 'Save my billing profile', body: profileBody, response: z.object({ profile: profileView }) })
export const placeOrder = contract({ method: 'POST', path: '/api/portal/orders', access, tag, summary: 'Place an order: prices, headroom and stock are decided by the server; answers the invoice to pay', body: placeOrderBody, response: orderView, status: 201, creates: true, /* Each tells whether a promo code holds. */ rateLimit: { limit: 60, seconds: 60 } })
export const listOrders = contract({ method: 'GET', path: '/api/portal/orders', access, tag, summary: 'My orders', query: pageQuery, response: listOf(orderView) })
export const showOrder = contract({ method: 'GET', path: '/api/portal/orders/{id}', access, tag, summary: 'One of my orders', params: idParams, response: orderView })
export const listInvoices = contract({ method: 'GET', path: '/api/portal/invoices', access, tag, summary: 'My invoices', query: pageQuery.extend({ status: z.enum(invoiceStatuses).optional() }), response: listOf(invoiceSummaryView) })
export const showInvoice = contract({ method: 'GET', path: '/api/portal/invoices/{id}', access, tag, summary: 'One of my invoices', params: idParams, response: invoiceView })
export const downloadInvoice = contract({ method: 'GET', path: '/api/portal/invoices/{id}/pdf', access, tag, summary: 'The invoice as PDF', params: idParams, query: z.object({ locale: z.enum(['id', 'en']).default('id') }), produces: 'application/pdf' })
export const startPayment = contract({ method: 'POST', path: '/api/portal/invoices/{id}/payments', access, tag, summary: 'Start paying an invoice; a live attempt of the same method is answered again, another one is cancelled first', params: idParams, body: startPaymentBody, response: paymentView, status: 201, creates: true })
export const cancelPayment = contract({ method: 'DELETE', path: '/api/portal/invoices/{id}/payments/{paymentId}', access, tag, summary: 'Cancel a live payment attempt to choose another method', params: z.object({ id: uuid, paymentId: uuid }), status: 204 })
export const listServices = contract({ method: 'GET', path: '/api/portal/services', access, tag, summary: 'My services', query: pageQuery, response: listOf(serviceSummaryView) })
export const showService = contract({ method: 'GET', path: '/api/portal/services/{id}', access, tag, summary: 'One of my services with its live state and history', params: idParams, response: serviceView })
export const actOnService = contract({ method: 'POST', path: '/api/portal/services/{id}/actions', access, tag, summary: 'Start a power action, or cancel at the end of the paid period', params: idParams, body: serviceActionBody, response: serviceView, status: 202, creates: true })
export const revealCredentials = contract({ method: 'POST', path: '/api/portal/services/{id}/credentials', access, tag, summary: 'The initial password, shown once and then forgotten', params: idParams, response: credentialsView })
export const openServiceConsole = contract({ method: 'POST', path: '/api/portal/services/{id}/console', access, tag, summary: 'A ticket that opens the console of my machine once', params: idParams, response: consoleTicketView, status: 201, rateLimit: { limit: 30, seconds: 60 } })
export const showCredit = contract({ method: 'GET', path: '/api/portal/credit', access, tag, summary: 'My credit balance and its entries', query: pageQuery, response: creditView })
export const liveEvents = contract({ method: 'GET', path: '/api/events', access: 'user', tag, summary: 'Server-sent events: a name and the id of what changed; the page then asks for it', produces: 'text/event-stream' })

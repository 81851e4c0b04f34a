import { createHash } from 'node:crypto'
import enCommon from '#i18n/en/common.json' with { type: 'json' }
import en from '#i18n/en/documents.json' with { type: 'json' }
import idCommon from '#i18n/id/common.json' with { type: 'json' }
import id from '#i18n/id/documents.json' with { type: 'json' }
import enTransfers from '#i18n/en/transfers.json' with { type: 'json' }
import idTransfers from '#i18n/id/transfers.json' with { type: 'json' }
import type { Stores } from '#db/stores.ts'
import type { Money } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { cancelAlignment, lapseAlignments, requestAlignment, showAlignment } from '#server/billing/align-services.ts'
import { announcePrice, listPriceAnnouncements, previewPrice, withdrawPrice } from '#server/billing/announce-price.ts'
import { finishChange, startDueChanges } from '#server/billing/apply-change.ts'
import { applyCredit } from '#server/billing/apply-credit.ts'
import { auditLedger } from '#server/billing/audit-ledger.ts'
import { bookPayment } from '#server/billing/book-payment.ts'
import { chargeBuyerFee } from '#server/billing/buyer-fee.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import type { FindChangeSubject, FinishChange, OpenChange, QuoteChange } from '#server/billing/change-ports.ts'
import { toChangeView, toTermsView } from '#server/billing/change-view.ts'
import { addHolidays, removeHoliday, setWeekends, showHolidays } from '#server/billing/change-holidays.ts'
import { deleteClientGroup, deleteTerms, previewTerms, saveClientGroup, saveTerms, setClientGroup, showTerms } from '#server/billing/change-terms.ts'
import { addTaxRule, setSellerTaxStatus, showTax } from '#server/billing/change-tax.ts'
import { closePeriod, listPeriods, reopenPeriod } from '#server/billing/close-period.ts'
import { giveDiscount, listDiscounts, takeDiscountOff } from '#server/billing/change-discount.ts'
import { cancelChange, lapseChanges } from '#server/billing/close-change.ts'
import { creditClient, takeCreditBack } from '#server/billing/credit-client.ts'
import { decideManualEntry } from '#server/billing/decide-manual-entry.ts'
import { depositState } from '#server/billing/deposit-state.ts'
import { describeServices } from '#server/billing/describe-services.ts'
import { changeDraft, deleteDraft, draftInvoice, previewDraft } from '#server/billing/draft-invoice.ts'
import { endService } from '#server/billing/end-service.ts'
import { checkCoretax, exportCoretax } from '#server/billing/export-coretax.ts'
import { findPayableInvoice } from '#server/billing/find-payable-invoice.ts'
import { announceEnds, setTerm } from '#server/billing/fixed-term.ts'
import type { Moved } from '#server/billing/free-days.ts'
import { foreseeRenewals } from '#server/billing/foresee-renewals.ts'
import { issueCreditNote } from '#server/billing/issue-credit-note.ts'
import { issueDraft } from '#server/billing/issue-draft.ts'
import { issueOrderInvoice } from '#server/billing/issue-order-invoice.ts'
import { lapseDeposits } from '#server/billing/lapse-deposits.ts'
import { listInvoices } from '#server/billing/list-invoices.ts'
import { listManualEntries, showManualEntry } from '#server/billing/list-manual-entries.ts'
import { formatDay, formatMoment } from '#server/billing/mails.ts'
import { markServiceActive } from '#server/billing/mark-service-active.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import type { ApplyCredit, BillingHooks, BookGatewayFee, BookManualPayment, BookPayment, BookPayout, ChargeBuyerFee, CreditClient, DescribeBuyerFee, EndService, FindPayableInvoice, IssueOrderInvoice, MarkServiceActive, PayOutCredit, ResumeService, ReturnMoney, ReversePayment, StartTrial, SuspendService, TakeCreditBack } from '#server/billing/ports.ts'
import { openChange } from '#server/billing/open-change.ts'
import { payDepositTargets } from '#server/billing/pay-deposit-targets.ts'
import type { PlanWhy } from '#server/billing/plan-why.ts'
import { printCreditNote, printInvoice, showCreditable, writeCreditNoteXml, writeInvoiceXml } from '#server/billing/print-invoice.ts'
import { proposeManualEntry, reverseManualEntry } from '#server/billing/propose-manual-entry.ts'
import { findChangeSubject, quoteChange } from '#server/billing/quote-change.ts'
import { bookManualPayment, recordManualPayment } from '#server/billing/record-manual-payment.ts'
import { renewalPrice } from '#server/billing/renewal-price.ts'
import { resumeService } from '#server/billing/resume-service.ts'
import { reversePayment } from '#server/billing/reverse-payment.ts'
import { runBilling, runBillingByStaff, toRunView } from '#server/billing/run-billing.ts'
import { cancelNow, scheduleCancellation } from '#server/billing/schedule-cancellation.ts'
import { returnMoney } from '#server/billing/return-money.ts'
import type { Reason } from '#server/billing/service-plan.ts'
import { sealJournal } from '#server/billing/seal-journal.ts'
import { setServicePrice } from '#server/billing/set-service-price.ts'
import { setTaxNumber } from '#server/billing/set-tax-number.ts'
import { bookGatewayFee, bookPayout, payOutCredit } from '#server/billing/settle-gateway.ts'
import { setHold } from '#server/billing/set-hold.ts'
import { showCredit } from '#server/billing/show-credit.ts'
import { showAdminInvoice, showInvoice } from '#server/billing/show-invoice.ts'
import { listEntries, showBalances, toAuditView } from '#server/billing/show-ledger.ts'
import { explainService, showPlan } from '#server/billing/show-plan.ts'
import { showPlanDifference } from '#server/billing/show-plan-difference.ts'
import { spreadPrice } from '#server/billing/spread-price.ts'
import { startTrial } from '#server/billing/start-trial.ts'
import { takePlanSnapshot } from '#server/billing/take-plan-snapshot.ts'
import { suspendService } from '#server/billing/suspend-service.ts'
import { cancelDeposit, payTogether, topUp } from '#server/billing/top-up.ts'
import { voidInvoice } from '#server/billing/void-invoice.ts'
import { writeOffRest } from '#server/billing/write-off-rest.ts'
import { drawCreditNote } from '#server/drivers/pdf/credit-note.ts'
import type { Actor, KernelStores } from '#server/kernel/ports.ts'
import type { Core } from '../core.ts'
import { demoClock } from '../demo-clock.ts'
import type { Holidays } from './holidays.ts'
import type { Taxes } from './tax.ts'

const texts = { id: id.documents, en: en.documents }
const methods = { id: idCommon.common.method, en: enCommon.common.method }
const depositTexts = { id: idTransfers.transfers.deposit.line, en: enTransfers.transfers.deposit.line }

export function composeBilling(core: Core, { computeTax, percentOf, taxChanged }: Pick<Taxes, 'computeTax' | 'percentOf' | 'taxChanged'>, { freeDays, holidaysChanged }: Pick<Holidays, 'freeDays' | 'holidaysChanged'>) {
  const { config, clock, newId, transact, read } = core
  const rules = { policy: defaultPolicy, calendar: businessCalendar(config.GARDU_TIME_ZONE), withTax: (net: Money, at: Date) => computeTax(net, at).total, /** Asked anew at each plan. */ get freeDays() { return freeDays() } }
  const { zone } = rules.calendar
  const seller = { name: config.SELLER_NAME, address: config.SELLER_ADDRESS, email: config.SELLER_EMAIL, phone: config.SELLER_PHONE ?? null, npwp: config.SELLER_NPWP ?? null, nik: null }
  let hooks: BillingHooks = {}
  const describeBuyerFee: DescribeBuyerFee = (locale, method) => texts[locale].invoice.buyerFee.replace('{method}', methods[locale][method])
  const describeMoved = ({ from, name }: Moved, locale: Locale) => texts[locale].moved.replace('{from}', formatDay(from, locale, zone)).replace('{why}', name ?? texts[locale].weekend)
  const describeReason = ({ code, days, at, moved }: Reason, locale: Locale) => texts[locale].reasons[code].replace('{days}', String(days)).replace('{at}', code === 'suspension' || code === 'final_notice' ? formatMoment(at, locale, zone) : formatDay(at, locale, zone)) + (moved ? ` · ${describeMoved(moved, locale)}` : '')
  const deps = {
    clock, newId, rules, seller, computeTax, taxChanged, baseUrl: config.GARDU_BASE_URL, hooks: () => hooks, transact, read, log: core.log, clockMayJump: config.GARDU_DEMO,
    describeWhy: ({ code, at, subject, moved }: PlanWhy, locale: Locale) => moved ? describeMoved(moved, locale) : texts[locale].planWhy[code].replace('{at}', at ? formatMoment(at, locale, zone) : texts[locale].unknownTime).replace('{subject}', subject ?? ''),
    describeRail: (reason: keyof typeof id.documents.rail, locale: Locale) => texts[locale].rail[reason], describeMoved, describeReason, holidaysChanged, describeDeposit: (locale: Locale) => depositTexts[locale], describeLateFee: (locale: Locale) => texts[locale].invoice.lateFee, describeBuyerFee, printer: core.printer, notePrinter: drawCreditNote, percentOf, digest: (text: string) => createHash('sha256').update(text).digest('hex'),
  }
  // The composition root knows that the stores of a transaction are one object, whatever part of it a port names.
  const own = (stores: KernelStores) => stores as Stores
  const lapse = lapseDeposits(deps)
  const sweep = runBilling(deps)
  /** The calendar of services, and then that of changes and deposits. */
  const run: typeof sweep = async (input) => {
    const done = await sweep(input)
    // A run that was stopped (a wrong clock, a restored backup) has done nothing at all.
    if (done.status !== 'done') return done
    for (const after of [startDueChanges(deps), lapseChanges(deps), lapseAlignments(deps), lapse, announceEnds(deps)]) await after()
    return done
  }
  const keepPlan = takePlanSnapshot(deps)
  const system: Actor = { kind: 'system', name: 'billing.sweep' }
  return {
    /** Told once, after the other modules are composed. */
    connect(more: BillingHooks) {
      hooks = { ...hooks, ...more }
    },
    zone, policy: rules.policy, calendar: rules.calendar,
    computeTax, priceRenewal: renewalPrice,
    showTax: showTax(deps), addTaxRule: addTaxRule(deps), setSellerTaxStatus: setSellerTaxStatus(deps),
    issueOrderInvoice: ((stores, input) => issueOrderInvoice(deps)(own(stores), input)) satisfies IssueOrderInvoice,
    findPayableInvoice: ((stores, input) => findPayableInvoice(own(stores), input)) satisfies FindPayableInvoice,
    bookPayment: ((stores, booking) => bookPayment(deps)(own(stores), booking)) satisfies BookPayment,
    bookManualPayment: ((stores, input) => bookManualPayment(deps)(own(stores), input)) satisfies BookManualPayment,
    takeCreditBack: ((stores, input) => takeCreditBack(deps)(own(stores), input)) satisfies TakeCreditBack,
    creditClient: ((stores, input) => creditClient(deps)(own(stores), input)) satisfies CreditClient,
    applyCredit: ((stores, input) => applyCredit(deps)(own(stores), input)) satisfies ApplyCredit,
    depositState: depositState(deps), topUp: topUp(deps), payTogether: payTogether(deps), cancelDeposit: cancelDeposit(deps),
    chargeBuyerFee: ((stores, fee) => chargeBuyerFee(deps)(own(stores), fee)) satisfies ChargeBuyerFee,
    describeBuyerFee,
    reversePayment: ((stores, booking) => reversePayment(deps)(own(stores), booking)) satisfies ReversePayment,
    returnMoney: ((stores, input) => returnMoney(deps)(own(stores), input)) satisfies ReturnMoney,
    payOutCredit: ((stores, input) => payOutCredit(deps)(own(stores), input)) satisfies PayOutCredit,
    bookGatewayFee: ((stores, input) => bookGatewayFee(deps)(own(stores), input)) satisfies BookGatewayFee,
    bookPayout: ((stores, input) => bookPayout(deps)(own(stores), input)) satisfies BookPayout,
    /** A client's credit, which nobody else can spend until the transaction ends. */
    async lockCredit(stores: KernelStores, clientId: string) {
      await own(stores).ledger.lockCredit(clientId)
      return own(stores).ledger.credit(clientId)
    },
    markServiceActive: ((stores, input) => markServiceActive(deps)(own(stores), input)) satisfies MarkServiceActive,
    suspendService: ((stores, input) => suspendService(deps)(own(stores), input)) satisfies SuspendService,
    resumeService: ((stores, input) => resumeService(deps)(own(stores), input)) satisfies ResumeService,
    endService: ((stores, input) => endService(deps)(own(stores), input)) satisfies EndService,
    scheduleCancellation: (stores: KernelStores, input: Parameters<ReturnType<typeof scheduleCancellation>>[1]) => scheduleCancellation(deps)(own(stores), input),
    cancelNow: (stores: KernelStores, input: Parameters<ReturnType<typeof cancelNow>>[1]) => cancelNow(deps)(own(stores), input),
    findChangeSubject: ((stores, input) => findChangeSubject(deps)(stores ? own(stores) : read, input)) satisfies FindChangeSubject, quoteChange: quoteChange(deps) satisfies QuoteChange,
    openChange: ((stores, input) => openChange(deps)(own(stores), input)) satisfies OpenChange, finishChange: ((stores, input) => finishChange(deps)(own(stores), input)) satisfies FinishChange, cancelChange: cancelChange(deps), toChangeView, toTermsView,
    startTrial: ((stores, input) => startTrial(deps)(own(stores), input)) satisfies StartTrial, setTerm: setTerm(deps), showAlignment: showAlignment(deps), requestAlignment: requestAlignment(deps), cancelAlignment: cancelAlignment(deps), listDiscounts: listDiscounts(deps), giveDiscount: giveDiscount(deps), takeDiscountOff: takeDiscountOff(deps),
    describeServices: describeServices(deps),
    listInvoices: listInvoices(deps), showInvoice: showInvoice(deps), showAdminInvoice: showAdminInvoice(deps), printInvoice: printInvoice(deps), showCredit: showCredit(deps),
    previewDraft: previewDraft(deps), draftInvoice: draftInvoice(deps), changeDraft: changeDraft(deps), deleteDraft: deleteDraft(deps), issueDraft: issueDraft(deps),
    showCreditable: showCreditable(deps), issueCreditNote: issueCreditNote(deps), printCreditNote: printCreditNote(deps), writeInvoiceXml: writeInvoiceXml(deps), writeCreditNoteXml: writeCreditNoteXml(deps),
    setTaxNumber: setTaxNumber(deps), checkCoretax: checkCoretax(deps), exportCoretax: exportCoretax(deps),
    voidInvoice: voidInvoice(deps), writeOffRest: writeOffRest(deps), recordManualPayment: recordManualPayment(deps),
    foreseeRenewals: foreseeRenewals(deps), showPlan: showPlan(deps), showPlanDifference: showPlanDifference(deps), explainService: explainService(deps), setHold: setHold(deps), previewPrice: previewPrice(deps), announcePrice: announcePrice(deps), withdrawPrice: withdrawPrice(deps), listPriceAnnouncements: listPriceAnnouncements(deps), setServicePrice: setServicePrice(deps), runBilling: run, runBillingByStaff: runBillingByStaff(deps),
    async listRuns(query: { page: number, pageSize: number }) {
      const page = await read.billingRuns.list(query)
      return { ...page, items: page.items.map(toRunView) }
    },
    showHolidays: showHolidays(deps), addHolidays: addHolidays(deps), removeHoliday: removeHoliday(deps), setWeekends: setWeekends(deps),
    showTerms: showTerms(deps), previewTerms: previewTerms(deps), saveTerms: saveTerms(deps), deleteTerms: deleteTerms(deps), saveClientGroup: saveClientGroup(deps), deleteClientGroup: deleteClientGroup(deps), setClientGroup: setClientGroup(deps),
    showBalances: showBalances(deps), listEntries: listEntries(deps),
    listManualEntries: listManualEntries(deps), showManualEntry: showManualEntry(deps), proposeManualEntry: proposeManualEntry(deps), decideManualEntry: decideManualEntry(deps), reverseManualEntry: reverseManualEntry(deps),
    listPeriods: listPeriods(deps), closePeriod: closePeriod(deps), reopenPeriod: reopenPeriod(deps),
    async listLedgerAudits(query: { page: number, pageSize: number }) {
      const page = await read.ledgerAudits.list(query)
      return { ...page, items: page.items.map(toAuditView) }
    },
    requestSeal: (requestedBy: string) => read.outbox.emit('billing.seal-due', { requestedBy }, { singletonKey: 'billing.seal' }),
    requestLedgerAudit: (requestedBy: string) => read.outbox.emit('billing.ledger-audit-due', { requestedBy }, { singletonKey: 'billing.ledger-audit' }),
    /** Enqueues a run; an equal one that waits already is enough. */
    requestSweep: (requestedBy: string) => read.outbox.emit('billing.sweep-due', { requestedBy }, { singletonKey: 'billing.sweep' }),
    /** Asks that today's plan be kept; one that waits already is enough, and one that is kept is left as it is. */
    requestPlanSnapshot: (requestedBy: string) => read.outbox.emit('billing.plan-snapshot-due', { requestedBy }, { singletonKey: 'billing.plan-snapshot' }),
    takePlanSnapshot: keepPlan,
    demoClock: demoClock(core, async () => {
      await run({ actor: { kind: 'system', name: 'demo.clock' }, confirmBrake: true })
      await keepPlan()
    }),
    handlers: {
      'billing.sweep-due': async () => {
        await run({ actor: system, confirmBrake: false })
      },
      'billing.plan-snapshot-due': keepPlan,
      'billing.price-announced': spreadPrice(deps),
      'billing.deposit-paid': payDepositTargets(deps),
      'billing.seal-due': async () => void await sealJournal(deps)({ everything: false }),
      'billing.ledger-audit-due': auditLedger(deps),
    },
  }
}

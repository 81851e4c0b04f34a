import type { BookGatewayFee, BookPayment, BookPayout, ChargeBuyerFee, ComputeTax, DescribeBuyerFee, FindPayableInvoice, PayOutCredit, ReturnMoney, ReversePayment } from '#server/billing/ports.ts'
import type { KernelStores } from '#server/kernel/ports.ts'
import { acknowledgeItem, listComparisonItems, listPayouts, recordPayout, setFeeRules, showFeeRules, showReconciliation } from '#server/payments/reconciliation.ts'
import { compareGateways, requestComparison } from '#server/payments/compare-gateways.ts'
import { approveRefund, declineRefund, noteRefund, winChargeback } from '#server/payments/decide-refund.ts'
import type { PaymentDeps } from '#server/payments/deps.ts'
import { listInvoiceRefunds, listRefunds, showClientCredit, showRefund, showRefundable } from '#server/payments/list-refunds.ts'
import type { PaymentStores } from '#server/payments/ports.ts'
import { requestCreditPayout, requestRefund } from '#server/payments/request-refund.ts'
import { sendRefund } from '#server/payments/send-refund.ts'
import type { Core } from '../core.ts'

/** What payments ask of billing. */
export interface MoneyBackNeed {
  readonly findPayableInvoice: FindPayableInvoice, readonly bookPayment: BookPayment, readonly reversePayment: ReversePayment, readonly chargeBuyerFee: ChargeBuyerFee, readonly describeBuyerFee: DescribeBuyerFee, readonly computeTax: ComputeTax, readonly returnMoney: ReturnMoney, readonly payOutCredit: PayOutCredit, readonly bookGatewayFee: BookGatewayFee, readonly bookPayout: BookPayout
  readonly lockCredit: (stores: KernelStores, clientId: string) => Promise<bigint>, readonly calendar: { startOfDay(day: string): Date }
}

/** Refunds, charge-backs, fees, payouts and the comparison with the gateways. */
export function composeMoneyBack({ read, clock }: Core, billing: MoneyBackNeed, deps: PaymentDeps) {
  const { startOfDay } = billing.calendar
  const asking = { ...deps, startOfDay, creditOf: (stores: PaymentStores, clientId: string) => billing.lockCredit(stores, clientId) }
  const showing = { payments: read.payments, refunds: read.refunds, gateways: deps.gateways, clock, readCredit: (clientId: string) => read.ledger.credit(clientId) }
  const comparing = { ...deps, comparisons: read.comparisons }
  const settling = { ...comparing, feeRules: read.feeRules, payouts: read.payouts, bookPayout: billing.bookPayout, startOfDay }
  return {
    requestRefund: requestRefund(asking), requestCreditPayout: requestCreditPayout(asking), approveRefund: approveRefund(deps), declineRefund: declineRefund(deps), noteRefund: noteRefund(deps), winChargeback: winChargeback(deps),
    listRefunds: listRefunds(showing), showRefund: showRefund(showing), showRefundable: showRefundable(showing), showClientCredit: showClientCredit(showing), listInvoiceRefunds: listInvoiceRefunds(showing),
    /** Enqueues a comparison of the last days with the gateways, or goes on with an interrupted one. */
    requestComparison: requestComparison(comparing),
    showReconciliation: showReconciliation(settling), listComparisonItems: listComparisonItems(settling), acknowledgeComparisonItem: acknowledgeItem(settling), showFeeRules: showFeeRules(settling), setFeeRules: setFeeRules(settling), listPayouts: listPayouts(settling), recordPayout: recordPayout(settling),
    handlers: { 'payments.refund-due': sendRefund(deps), 'payments.compare-due': compareGateways(comparing) },
  }
}

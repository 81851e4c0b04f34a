export interface PaymentEvents {
  /** Proven notifications wait: read back the states that they point to. */
  'payments.webhooks-waiting': Record<string, never>
  /** Read this attempt's state at its gateway. */
  'payments.check-due': { paymentId: string }
  /** Ask the gateway to give this back, or read what became of it. */
  'payments.refund-due': { refundId: string }
  /** Go on with this comparison of the last days with the gateways. */
  'payments.compare-due': { runId: string }
  /** Pending attempts are to be looked through and re-read. */
  'payments.reconcile-due': { requestedBy: string }
  /** Cancel this attempt at its gateway: another was chosen, or its invoice closed. */
  'payments.cancel-due': { paymentId: string }
}

/** What billing tells the others. Each is emitted in the transaction that made it true. */
export interface BillingEvents {
  /** The calendar is due: plan and run it. */
  'billing.sweep-due': { requestedBy: string }
  /** Today's plan is to be kept, so that tomorrow can be held against it. */
  'billing.plan-snapshot-due': { requestedBy: string }
  /** What was booked waits to be sealed into the chain. */
  'billing.seal-due': { requestedBy: string }
  /** The ledger is to prove itself. */
  'billing.ledger-audit-due': { requestedBy: string }
  /** A price was announced, or its announcement withdrawn: bring it to the services, tell their clients. */
  'billing.price-announced': { announcementId: string }
  /** A deposit was paid: pay the invoices that it was made for. */
  'billing.deposit-paid': { invoiceId: string }
  /** A service got its first paid period: build it. */
  'billing.service-paid': { serviceId: string, invoiceId: string }
  /** Entitlement stopped: stop the machine. */
  'billing.service-suspended': { serviceId: string, reason: string }
  /** A suspended service is entitled again; it turns active when the machine is proven to run. */
  'billing.service-resumable': { serviceId: string }
  /** What was sold changed: make the machine what was sold. */
  'billing.service-changed': { serviceId: string }
  /** Entitlement ended for good: destroy the machine (or release what an unpaid order reserved). */
  'billing.service-ended': { serviceId: string, reason: string }
}

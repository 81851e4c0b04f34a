import type { KernelStores } from '#server/kernel/ports.ts'
import type { Executor } from './client.ts'
import type { StoreContext } from './store-context.ts'
import { alignmentStores } from './repositories/alignments.ts'
import { auditStores } from './repositories/audit.ts'
import { bankLineStores } from './repositories/bank-lines.ts'
import { billingStores } from './repositories/billing.ts'
import { capacityStores } from './repositories/capacity.ts'
import { catalogStores } from './repositories/catalog.ts'
import { changeStores } from './repositories/changes.ts'
import { clientStores } from './repositories/clients.ts'
import { depositStores } from './repositories/deposits.ts'
import { domainStores } from './repositories/domains.ts'
import { idempotencyStores } from './repositories/idempotency.ts'
import { driftStores } from './repositories/drift.ts'
import { gatewayStores } from './repositories/gateways.ts'
import { identityStores } from './repositories/identity.ts'
import { infrastructureStores } from './repositories/infrastructure.ts'
import { invoicingStores } from './repositories/invoicing.ts'
import { kernelStores } from './repositories/kernel.ts'
import { ledgerStores } from './repositories/ledger.ts'
import { holidayStores } from './repositories/holidays.ts'
import { lateFeeStores } from './repositories/late-fees.ts'
import { lifeStores } from './repositories/lives.ts'
import { manualEntryStores } from './repositories/manual-entries.ts'
import { monitoringStores } from './repositories/monitoring.ts'
import { notificationStores } from './repositories/notifications.ts'
import { orderingStores } from './repositories/ordering.ts'
import { outgoingWebhookStores } from './repositories/outgoing-webhooks.ts'
import { panelStores } from './repositories/panels.ts'
import { paymentStores } from './repositories/payments.ts'
import { periodStores } from './repositories/periods.ts'
import { planSnapshotStores } from './repositories/plan-snapshots.ts'
import { priceChangeStores } from './repositories/price-changes.ts'
import { provisioningStores } from './repositories/provisioning.ts'
import { reconciliationStores } from './repositories/reconciliation.ts'
import { seriesStores } from './repositories/series.ts'
import { taxRuleStores } from './repositories/tax-rules.ts'
import { billingTermsStores } from './repositories/terms.ts'
import { transferStores } from './repositories/transfers.ts'

/** All repositories over one executor. Each module sees only the part that its own `ports.ts` names. */
export function createStores(db: Executor, context: StoreContext) {
  return {
    ...kernelStores(db, context), ...idempotencyStores(db), ...identityStores(db, context), ...clientStores(db, context), ...catalogStores(db, context), ...orderingStores(db, context), ...billingStores(db, context), ...billingTermsStores(db, context), ...lateFeeStores(db), ...holidayStores(db, context), ...ledgerStores(db), ...lifeStores(db), ...alignmentStores(db), ...manualEntryStores(db), ...periodStores(db), ...depositStores(db), ...changeStores(db), ...transferStores(db), ...bankLineStores(db), ...invoicingStores(db), ...taxRuleStores(db), ...priceChangeStores(db), ...planSnapshotStores(db),
    ...paymentStores(db, context), ...gatewayStores(db), ...reconciliationStores(db), ...provisioningStores(db, context), ...driftStores(db, context), ...infrastructureStores(db, context), ...capacityStores(db), ...panelStores(db, context), ...seriesStores(db, kernelStores(db, context).settings), ...monitoringStores(db), ...domainStores(db, context), ...notificationStores(db, context), ...outgoingWebhookStores(db), ...auditStores(db, context),
  } satisfies KernelStores
}
export type Stores = ReturnType<typeof createStores>

import type { InvoiceStatus, OrderStatus, ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { BulkItemStatus, BulkStatus } from '#shared/vocabulary/bulk.ts'
import type { ManualEntryStatus } from '#shared/vocabulary/ledger.ts'
import type { CertificateState, PowerState, ResourceStatus, SagaStatus, StepStatus } from '#shared/vocabulary/machines.ts'
import type { DeliveryStatus } from '#shared/vocabulary/outgoing-webhooks.ts'
import type { PaymentStatus, webhookStatuses } from '#shared/vocabulary/payments.ts'
import type { RefundStatus } from '#shared/vocabulary/refunds.ts'

type Color = 'success' | 'warning' | 'error' | 'info' | 'neutral' | 'primary'
/** `moving`: the state will change by itself within moments. */
export interface StatusTone { readonly color: Color, readonly moving?: boolean }

const tones = {
  service: { pending: { color: 'info' }, active: { color: 'success' }, past_due: { color: 'warning' }, suspended: { color: 'error' }, ended: { color: 'neutral' } } satisfies Record<ServiceStatus, StatusTone>,
  resource: {
    none: { color: 'neutral' }, provisioning: { color: 'info', moving: true }, ready: { color: 'success' }, stopped_by_policy: { color: 'warning' },
    destroying: { color: 'warning', moving: true }, destroyed: { color: 'neutral' }, error: { color: 'error' }, unlinked: { color: 'warning' },
  } satisfies Record<ResourceStatus, StatusTone>,
  power: { running: { color: 'success' }, stopped: { color: 'neutral' }, unknown: { color: 'warning' } } satisfies Record<PowerState, StatusTone>,
  invoice: {
    draft: { color: 'neutral' }, issued: { color: 'info' }, overdue: { color: 'error' }, paid: { color: 'success' }, void: { color: 'neutral' }, uncollectible: { color: 'neutral' },
  } satisfies Record<InvoiceStatus | 'overdue', StatusTone>,
  payment: {
    created: { color: 'info' }, pending: { color: 'info', moving: true }, settled: { color: 'success' }, expired: { color: 'neutral' }, failed: { color: 'error' },
    denied: { color: 'error' }, refunded: { color: 'warning' }, charged_back: { color: 'error' },
  } satisfies Record<PaymentStatus, StatusTone>,
  refund: { requested: { color: 'info' }, waits: { color: 'warning' }, pending: { color: 'info', moving: true }, done: { color: 'success' }, failed: { color: 'error' }, reversed: { color: 'neutral' } } satisfies Record<RefundStatus | 'waits', StatusTone>,
  order: { placed: { color: 'info' }, paid: { color: 'success' }, fulfilling: { color: 'info', moving: true }, fulfilled: { color: 'success' }, cancelled: { color: 'neutral' } } satisfies Record<OrderStatus, StatusTone>,
  saga: { running: { color: 'info', moving: true }, waiting: { color: 'warning', moving: true }, done: { color: 'success' }, failed: { color: 'error' } } satisfies Record<SagaStatus, StatusTone>,
  step: { pending: { color: 'neutral' }, running: { color: 'info', moving: true }, done: { color: 'success' }, skipped: { color: 'neutral' }, failed: { color: 'error' }, undone: { color: 'neutral' } } satisfies Record<StepStatus, StatusTone>,
  webhook: { received: { color: 'info' }, verified: { color: 'info' }, refused: { color: 'error' }, applied: { color: 'success' }, parked: { color: 'warning' } } satisfies Record<typeof webhookStatuses[number], StatusTone>,
  bulk: { asked: { color: 'warning' }, running: { color: 'info', moving: true }, paused: { color: 'warning' }, done: { color: 'success' }, stopped: { color: 'neutral' }, refused: { color: 'neutral' }, withdrawn: { color: 'neutral' }, expired: { color: 'neutral' } } satisfies Record<BulkStatus, StatusTone>,
  bulkItem: { waiting: { color: 'neutral' }, begun: { color: 'info', moving: true }, done: { color: 'success' }, failed: { color: 'error' }, left_out: { color: 'warning' }, stopped: { color: 'neutral' } } satisfies Record<BulkItemStatus, StatusTone>,
  endpoint: { active: { color: 'success' }, failing: { color: 'error' }, paused: { color: 'neutral' } },
  delivery: { waiting: { color: 'info' }, delivered: { color: 'success' }, dead: { color: 'error' } } satisfies Record<DeliveryStatus, StatusTone>,
  run: { running: { color: 'info', moving: true }, done: { color: 'success' }, stopped_by_brake: { color: 'warning' }, failed: { color: 'error' } },
  manual_entry: { proposed: { color: 'warning' }, booked: { color: 'success' }, rejected: { color: 'neutral' } } satisfies Record<ManualEntryStatus, StatusTone>,
  product: { draft: { color: 'neutral' }, active: { color: 'success' }, retired: { color: 'neutral' } },
  health: { healthy: { color: 'success' }, failing: { color: 'error' }, unknown: { color: 'neutral' }, maintenance: { color: 'warning' }, online: { color: 'success' }, offline: { color: 'error' } },
  certificate: { valid: { color: 'success' }, expiring: { color: 'warning' }, expired: { color: 'error' }, self_signed: { color: 'warning' }, none: { color: 'error' } } satisfies Record<CertificateState, StatusTone>,
  alarm: { warning: { color: 'warning' }, critical: { color: 'error' }, acknowledged: { color: 'info' } },
  switch: { on: { color: 'success' }, off: { color: 'neutral' } },
} as const satisfies Record<string, Record<string, StatusTone>>

export type StatusVocabulary = keyof typeof tones

/** The colour of a state; a state that is not known is neutral. */
export function statusTone(of: StatusVocabulary, value: string): StatusTone {
  return (tones[of] as Record<string, StatusTone>)[value] ?? { color: 'neutral' }
}

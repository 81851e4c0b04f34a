import { fieldError } from '#shared/errors/codes.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { PromoKind, PromoTarget } from '#shared/vocabulary/catalog.ts'
import type { PromoFields } from './ports.ts'

/** A promo code as staff send it. */
export interface PromoInput {
  readonly code: string, readonly kind: PromoKind, readonly value: string, readonly active: boolean, readonly startsAt: string | null, readonly endsAt: string | null
  readonly maxRedemptions: number | null, readonly appliesTo: PromoTarget, readonly periods: number | null, readonly maxPerClient: number | null, readonly newClientsOnly: boolean, readonly minimumOrder: string | null, readonly combinable: boolean, readonly productIds: readonly string[], readonly cycles: readonly BillingCycle[]
}

/** @throws AppError invalid_input when the code could never be used, or would give more than the whole price */
export function readPromo(input: PromoInput): PromoFields {
  const fields: PromoFields = { ...input, value: BigInt(input.value), minimumOrder: input.minimumOrder === null ? null : BigInt(input.minimumOrder), startsAt: input.startsAt ? new Date(input.startsAt) : null, endsAt: input.endsAt ? new Date(input.endsAt) : null }
  if (fields.kind === 'percent' && fields.value > 100n) throw fieldError('value', 'percent_over_100')
  if (fields.appliesTo === 'setup' && fields.periods !== 1) throw fieldError('periods', 'setup_once')
  if (fields.startsAt && fields.endsAt && fields.endsAt <= fields.startsAt) throw fieldError('endsAt', 'ends_before_start')
  return fields
}

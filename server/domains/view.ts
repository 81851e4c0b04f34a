import { toMoneyJson } from '#shared/money/money.ts'
import type { DomainResult } from './check-domains.ts'

/** A result as JSON carries it. */
export const viewOfResult = (result: DomainResult) => ({
  ...result,
  register: result.register && toMoneyJson(result.register),
  renew: result.renew && toMoneyJson(result.renew),
  checkedAt: result.checkedAt?.toISOString() ?? null,
})

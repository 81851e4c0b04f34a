import { AppError, fieldError } from '#shared/errors/codes.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import { computeTax } from '#shared/money/tax.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { auditStaff } from './deps.ts'
import type { BillingStores } from './ports.ts'
import type { PlanRules } from './service-plan.ts'

export interface TaxDeps {
  readonly clock: Clock, readonly newId: NewId, readonly rules: PlanRules, readonly transact: Transact<BillingStores>, readonly read: BillingStores
  /** The rows changed and are committed: this process learns of it, and pages that show prices are rendered anew. */
  readonly taxChanged: () => Promise<void>
}
interface NewRule { readonly name: string, readonly from: string, readonly ratePercent: number, readonly dppNumerator: number, readonly dppDenominator: number, readonly reason: string, readonly actor: Actor }

/** Every process reads the rows at least once a minute: what begins later than this is known to all of them before it holds. */
const leadMilliseconds = 5 * 60_000
const sample = money(1_000_000)

/** The beginning of a day that is still ahead. @throws AppError invalid_input */
function beginning({ clock, rules }: TaxDeps, day: string): Date {
  const from = rules.calendar.startOfDay(day)
  if (from.getTime() < clock.now().getTime() + leadMilliseconds) throw fieldError('from', 'day_not_ahead')
  return from
}

/** All rules and statuses, newest beginning first, with what holds now; `sample`: the PPN on Rp 1.000.000 by each rule. */
export const showTax = ({ read, clock }: TaxDeps) => async () => {
  const { rules, statuses } = await read.taxRules.load()
  const now = clock.now()
  const [rule, status] = [rules.findLast(candidate => candidate.from <= now), statuses.findLast(candidate => candidate.from <= now)]
  const iso = <T extends { readonly from: Date, readonly createdAt: Date }>(row: T) => ({ ...row, from: row.from.toISOString(), createdAt: row.createdAt.toISOString() })
  return {
    pkp: status?.pkp ?? false,
    rules: rules.toReversed().map(row => ({ ...iso(row), ratePercent: Number(row.ratePercent), dppNumerator: Number(row.dppNumerator), dppDenominator: Number(row.dppDenominator), current: row === rule, sample: toMoneyJson(computeTax(sample, row.from, { pkp: true, rules: [row] }).tax) })),
    statuses: statuses.toReversed().map(row => ({ ...iso(row), current: row === status })),
  }
}

/** Adds a rule that holds from a day on; another of the same day replaces it. @throws AppError invalid_input (a day that is not ahead, a name that is taken) */
export const addTaxRule = (deps: TaxDeps) => async ({ actor, from, ratePercent, dppNumerator, dppDenominator, ...rule }: NewRule): Promise<void> => {
  const begins = beginning(deps, from)
  await deps.transact(async (stores) => {
    const added = await stores.taxRules.addRule({ ...rule, from: begins, ratePercent: BigInt(ratePercent), dppNumerator: BigInt(dppNumerator), dppDenominator: BigInt(dppDenominator), actor: actorLabel(actor), createdAt: deps.clock.now() })
    if (!added) throw new AppError('invalid_input', { fields: [{ path: 'name', code: 'name_taken', message: 'name_taken' }] })
    await auditStaff(stores, { actor, action: 'tax.rule', entity: 'tax', entityId: null, after: { ...rule, from, ratePercent, dppNumerator, dppDenominator } })
  })
  await deps.taxChanged()
}

/** From a day on the seller is PKP, or is not any more. @throws AppError invalid_input for a day that is not ahead */
export const setSellerTaxStatus = (deps: TaxDeps) => async ({ pkp, from, reason, actor }: { readonly pkp: boolean, readonly from: string, readonly reason: string, readonly actor: Actor }): Promise<void> => {
  const begins = beginning(deps, from)
  await deps.transact(async (stores) => {
    await stores.taxRules.addStatus({ id: deps.newId(), pkp, from: begins, reason, actor: actorLabel(actor), createdAt: deps.clock.now() })
    await auditStaff(stores, { actor, action: 'tax.status', entity: 'tax', entityId: null, after: { pkp, from, reason } })
  })
  await deps.taxChanged()
}

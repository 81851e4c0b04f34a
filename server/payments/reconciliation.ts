import type { z } from 'zod'
import type { comparisonItemView, feeRulesView, payoutView } from '#shared/contracts/reconciliation.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import { toMoneyJson, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { gateways as gatewayNames } from '#shared/vocabulary/payments.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { BookPayout } from '../billing/ports.ts'
import type { Clock, NewId, PageRequest, Transact } from '../kernel/ports.ts'
import type { Gateways, PaymentStores } from './ports.ts'
import type { ComparisonListItem, ComparisonStore, FeeRule, FeeRuleStore, Payout, PayoutStore } from './reconciliation-ports.ts'
import type { StaffActor } from './refund-ports.ts'

interface Deps { readonly transact: Transact<PaymentStores>, readonly feeRules: FeeRuleStore, readonly payouts: PayoutStore, readonly comparisons: ComparisonStore, readonly clock: Clock, readonly newId: NewId, readonly bookPayout: BookPayout, readonly startOfDay: (day: string) => Date, readonly gateways: Gateways }

const iso = (at: Date | null) => at?.toISOString() ?? null
const toItemView = (item: ComparisonListItem, now: Date): z.input<typeof comparisonItemView> => ({
  ...item, ageDays: Math.max(0, Math.floor((now.getTime() - item.firstSeenAt.getTime()) / 86_400_000)), firstSeenAt: item.firstSeenAt.toISOString(), lastSeenAt: item.lastSeenAt.toISOString(), resolvedAt: iso(item.resolvedAt), acknowledgedAt: iso(item.acknowledgedAt),
})
const toPayoutView = (payout: Payout): z.input<typeof payoutView> => ({ ...payout, amount: toMoneyJson(payout.amount), fee: toMoneyJson(payout.fee), paidOn: payout.paidOn.toISOString(), recordedAt: payout.recordedAt.toISOString() })

/** What each gateway holds by our books, and the newest comparison. */
export const showReconciliation = ({ payouts, comparisons, gateways }: Deps) => async () => {
  const booked = await payouts.clearing()
  // Those that are set up are shown before anything was booked.
  const usable = (await Promise.all(gatewayNames.map(async name => await gateways(name) ? [name] : []))).flat()
  const clearing = [...new Set([...usable, ...booked.map(row => row.gateway)])].map(gateway => ({ gateway, balance: toMoneyJson(booked.find(row => row.gateway === gateway)?.balance ?? zero()) }))
  const run = await comparisons.lastRun()
  const { total } = await comparisons.list({ page: 1, pageSize: 1, state: 'open' })
  return { clearing, unmatched: total, lastRun: run ? { startedAt: run.startedAt.toISOString(), finishedAt: iso(run.finishedAt), since: run.since.toISOString(), checked: run.checked, unasked: run.unasked, requestedBy: run.requestedBy } : null }
}

export const listComparisonItems = ({ comparisons, clock }: Deps) => async (filter: Parameters<ComparisonStore['list']>[0]) => {
  const page = await comparisons.list(filter)
  return { ...page, items: page.items.map(item => toItemView(item, clock.now())) }
}

/** Staff know about it, and why. It stays until it matches. @throws AppError not_found, transition_refused (it matches by now) */
export const acknowledgeItem = ({ transact, comparisons, clock }: Deps) => async ({ id, reason, actor }: { readonly id: string, readonly reason: string, readonly actor: StaffActor }) => {
  await transact(async (stores) => {
    const item = await stores.comparisons.lockItem(id)
    if (!item) throw new AppError('not_found')
    if (item.resolvedAt) throw new AppError('transition_refused', { params: { from: 'resolved', to: 'acknowledged' } })
    await stores.comparisons.acknowledge(id, { name: actor.name, reason, at: clock.now() })
    await stores.audit.record({ actor, action: 'reconciliation.acknowledge', entity: 'payment', entityId: item.paymentId, after: { kind: item.kind, ours: item.ours, theirs: item.theirs, reason } })
    stores.live.publish({ audience: 'staff', name: 'payment', id: item.paymentId })
  })
  const shown = await comparisons.findListed(id)
  if (!shown) throw new AppError('not_found')
  return toItemView(shown, clock.now())
}

export const showFeeRules = ({ feeRules }: Pick<Deps, 'feeRules'>) => async (): Promise<z.input<typeof feeRulesView>> => ({ rules: (await feeRules.list()).map(rule => ({ ...rule, fixed: toMoneyJson(rule.fixed), updatedAt: rule.updatedAt.toISOString() })) })

/** Sets what gateways take of settlements from now on; what was booked stays. */
export const setFeeRules = (deps: Deps) => async ({ rules, actor }: { readonly rules: readonly FeeRule[], readonly actor: StaffActor }) => {
  await deps.transact(async (stores) => {
    const plain = (all: readonly FeeRule[]) => all.map(rule => ({ gateway: rule.gateway, method: rule.method, fixed: rule.fixed.amount.toString(), basisPoints: rule.basisPoints }))
    const before = await stores.feeRules.list()
    await stores.feeRules.replace(rules, { name: actor.name, at: deps.clock.now() })
    await stores.audit.record({ actor, action: 'gateway_fees.set', entity: 'gateway_fees', entityId: null, before: plain(before), after: plain(rules) })
  })
  return showFeeRules(deps)()
}

export const listPayouts = ({ payouts }: Deps) => async (page: PageRequest) => {
  const found = await payouts.list(page)
  return { ...found, items: found.items.map(toPayoutView) }
}

/** Books what a gateway transferred to the bank account. @throws AppError invalid_input, payout_known (this reference is recorded) */
export const recordPayout = (deps: Deps) => async ({ paidOn, actor, ...input }: { readonly gateway: GatewayName, readonly amount: Money, readonly fee: Money, readonly reference: string, readonly paidOn: string, readonly actor: StaffActor }) => {
  if (input.amount.amount <= 0n) throw fieldError('amount', 'amount_positive')
  const now = deps.clock.now()
  const at = deps.startOfDay(paidOn)
  if (at > now) throw fieldError('paidOn', 'day_in_future')
  const payout: Payout = { ...input, id: deps.newId(), paidOn: at, recordedAt: now, recordedByName: actor.name }
  await deps.transact(async (stores) => {
    await stores.payouts.insert(payout)
    await deps.bookPayout(stores, { payoutId: payout.id, gateway: input.gateway, amount: input.amount, fee: input.fee, reference: input.reference, actor })
    await stores.audit.record({ actor, action: 'payout.record', entity: 'payout', entityId: payout.id, after: { gateway: input.gateway, amount: input.amount.amount.toString(), fee: input.fee.amount.toString(), reference: input.reference, paidOn } })
    stores.live.publish({ audience: 'staff', name: 'payment', id: payout.id })
  })
  return toPayoutView(payout)
}

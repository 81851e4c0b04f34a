import { DriverError } from '#shared/errors/driver-error.ts'
import { sum } from '#shared/money/money.ts'
import { comparisonKinds } from '#shared/vocabulary/refunds.ts'
import { applyGatewayState } from './apply-gateway-state.ts'
import type { PaymentDeps } from './deps.ts'
import { atGateway } from './payment.ts'
import { wasSettled } from './payment-lifecycle.ts'
import type { GatewayState, Payment } from './ports.ts'
import type { ComparisonStore, Finding, Span } from './reconciliation-ports.ts'
import type { Refund } from './refund-ports.ts'

type Deps = PaymentDeps & { readonly comparisons: ComparisonStore }

const day = 86_400_000
/** Gateways pay out, and bank transfers are taken back, within days. */
const lookBackDays = 10
/** A card's holder can have a payment taken back for about four months, and its scheme may take two more. */
const chargebackDays = 180
/** A bank confirms a refund within about three days. */
const confirmDays = 3
/** Runs do not begin at the same minute of each night. */
const overlap = 3_600_000
const batch = 25
const lanes = 4
/** A run that stands still for so long is given up for a new one. */
const runHours = 20

/** Starts a comparison of the last days, or goes on with the one that was interrupted. */
export const requestComparison = (deps: Deps) => (requestedBy: string): Promise<void> => deps.transact(async (stores) => {
  const now = deps.clock.now()
  let run = await stores.comparisons.unfinishedRun()
  if (run && now.getTime() - run.startedAt.getTime() > runHours * 3_600_000) {
    await stores.comparisons.finishRun(run.id, now)
    run = null
  }
  const runId = run?.id ?? deps.newId()
  if (!run) await stores.comparisons.startRun({ id: runId, requestedBy, startedAt: now, finishedAt: null, since: new Date(now.getTime() - lookBackDays * day), cursor: null, checked: 0, unasked: 0 })
  await stores.outbox.emit('payments.compare-due', { runId }, { singletonKey: runId })
})

/**
 * Which settlements a night compares: those of the last ten days, and of those before, back to 180 days, every tenth day. So each payment
 * is read every night at first, then once in ten nights: a charge-back of which no notification came is found within ten. Each of
 * those days is an hour longer than a day.
 */
export function comparedSpans(startedAt: Date): Span[] {
  const ago = (days: number) => startedAt.getTime() - days * day
  const spans: Span[] = [{ from: new Date(ago(lookBackDays)), to: new Date(startedAt.getTime() + day) }]
  for (let age = 2 * lookBackDays; age <= chargebackDays; age += lookBackDays) spans.push({ from: new Date(ago(age) - overlap), to: new Date(ago(age - 1)) })
  return spans
}

/**
 * Re-reads the next of the payments whose turn it is, lets what the gateway says take effect, and writes down what then
 * still contradicts our books; what matches again is resolved. A batch per job: one that dies is done again from the same place, and a
 * payment that cannot be asked now is counted and keeps what was found of it before. Reads and books as notifications do, nothing twice.
 */
export const compareGateways = (deps: Deps) => async ({ runId }: { readonly runId: string }): Promise<void> => {
  const run = await deps.comparisons.findRun(runId)
  if (!run || run.finishedAt) return
  const ids = await deps.comparisons.nextPayments({ settled: comparedSpans(run.startedAt), after: run.cursor, limit: batch })
  const last = ids.at(-1)
  if (last === undefined) {
    await deps.comparisons.finishRun(runId, deps.clock.now())
    await deps.transact(async stores => stores.live.publish({ audience: 'staff', name: 'payment', id: runId }))
    return
  }
  let unasked = 0
  const waiting = [...ids]
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) if (!await compareOne(deps, id)) unasked++
  }))
  await deps.transact(async (stores) => {
    if (await stores.comparisons.advance(runId, { from: run.cursor, cursor: last, checked: ids.length, unasked })) await stores.outbox.emit('payments.compare-due', { runId }, { singletonKey: `${runId}:${last}` })
  })
}

/** False when the gateway could not be asked. */
async function compareOne(deps: Deps, paymentId: string): Promise<boolean> {
  const before = await deps.payments.find(paymentId)
  const there = before && await atGateway(deps.gateways, before)
  if (!there) return false
  const told = await ask(there.gateway.read({ orderId: there.orderId, gatewayTransactionId: before.gatewayTransactionId }))
  if (told === 'unasked') return false
  const findings: Finding[] = []
  if (told instanceof DriverError) findings.push({ kind: 'unreadable', ours: before.status, theirs: told.message.slice(0, 300) })
  else if (told === null) findings.push({ kind: 'unknown_at_gateway', ours: before.status, theirs: '' })
  else {
    const { outcome, reason } = await applyGatewayState(deps)({ paymentId, state: told, cause: 'comparison' })
    const payment = await deps.payments.find(paymentId) ?? before
    findings.push(...findDifferences({ payment, state: told, parked: outcome === 'parked' ? reason : null, moved: await deps.comparisons.movedBy(paymentId), refunds: await deps.refunds.ofPayment(paymentId), now: deps.clock.now() }))
  }
  await deps.transact(stores => stores.comparisons.record({ paymentId, gateway: there.gateway.name, findings, at: deps.clock.now(), newId: deps.newId }))
  return true
}

async function ask(reading: Promise<GatewayState | null>): Promise<GatewayState | null | DriverError | 'unasked'> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    return error.kind === 'permanent' ? error : 'unasked'
  }
}

export interface Compared { readonly payment: Payment, readonly state: GatewayState, /** Why its word did not take effect; null: it did. */ readonly parked: string | null, /** What the payment moved at the gateway by our ledger. */ readonly moved: bigint, readonly refunds: readonly Refund[], readonly now: Date }

/** What of a gateway's word contradicts our books, after it was allowed to take effect. Pure. */
export function findDifferences({ payment, state, parked, moved, refunds, now }: Compared): Finding[] {
  const kind = comparisonKinds.find(candidate => candidate === parked)
  if (parked !== null) return [{ kind: kind ?? 'needs_review', ours: payment.status, theirs: `${state.status} ${state.amount.amount}` }]
  if (wasSettled(payment.status) && state.status !== 'settled' && state.status !== 'refunded' && state.status !== 'charged_back') return [{ kind: 'state_differs', ours: payment.status, theirs: state.status }]
  const findings: Finding[] = []
  const theirs = state.amount.amount - sum((state.refunds ?? []).filter(item => item.confirmed).map(item => item.amount), state.amount.currency).amount
  if (wasSettled(payment.status) && moved !== theirs) findings.push({ kind: 'amount_differs', ours: moved.toString(), theirs: theirs.toString() })
  const late = refunds.find(refund => refund.status === 'pending' && now.getTime() - (refund.sentAt ?? refund.createdAt).getTime() > confirmDays * day)
  if (late) findings.push({ kind: 'refund_unconfirmed', ours: late.amount.amount.toString(), theirs: late.refundKey ?? '' })
  return findings
}

import { sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { UserActor } from '#server/platform/http.ts'
import { day, hour } from '../support/billing.ts'
import { financeActor } from '../support/payments.ts'
import { isRefundable } from '../../simulators/midtrans/transactions.ts'
import { unlessRefused } from './life.ts'
import type { Life } from './life.ts'

const second: UserActor = { ...financeActor, id: '01900000-0000-7000-8000-0000000000f2', name: 'Second' }
/** Why money may not go back that somebody asked for by chance. */
const refusals = /^(refund_method_unavailable|refund_exceeds|refund_not_covered|client_frozen|payment_not_refundable|credit_insufficient|invoice_not_creditable)$/

/** Finance gives back by the gateway, as credit and by hand, pays credit out, writes credit notes; charge-backs are won. */
export async function financeHours(life: Life): Promise<void> {
  const { house, dice, seldom } = life
  const now = house.clock.now().toISOString()
  const settled = await house.world().rows<{ id: string, amount: string }>(sql`select id, settled_amount::text as amount from payments where status = 'settled' and settled_at between ${now}::timestamptz - interval '5 days' and ${now}::timestamptz - interval '20 hours' order by id limit 5000`)
  for (const payment of settled) if (seldom(0.012)) await giveBack(life, payment.id, BigInt(payment.amount))
  if (dice.chance(0.15)) await payOut(life)
  if (dice.chance(0.2)) await writeNote(life)
  await winSome(life)
}

const partOf = ({ dice }: Life, whole: bigint) => dice.chance(0.5) ? whole : (whole * BigInt(dice.between(1, 99)) + 99n) / 100n
const transferOf = ({ house, tally }: Life) => ({ reference: `OUT-${tally.refundsByHand}-${tally.creditPaidOut}-${house.clock.now().getTime()}`, paidOn: new Date(house.clock.now().getTime() + 7 * hour).toISOString().slice(0, 10) })

async function giveBack(life: Life, paymentId: string, settled: bigint) {
  const { house, dice, tally } = life
  const { payments } = house.app()
  const kind = dice.pick(['gateway', 'credit', 'manual'] as const)
  const consequence = dice.pick(['reopen', 'keep'] as const)
  const ask = async () => {
    const refundId = await payments.requestRefund({ paymentId, kind, consequence, amount: money(partOf(life, settled)), reason: 'asked for', transfer: kind === 'manual' ? transferOf(life) : null, actor: financeActor })
    const [refund] = await house.world().rows<{ waits: boolean }>(sql`select needs_approval and approved_at is null as waits from refunds where id = ${refundId}`)
    if (refund?.waits) await (dice.chance(0.7) ? payments.approveRefund({ refundId, actor: second }) : payments.declineRefund({ refundId, actor: second, reason: 'no' }))
  }
  if (await unlessRefused(ask(), refusals)) tally[kind === 'gateway' ? 'refundsByGateway' : kind === 'credit' ? 'refundsToCredit' : 'refundsByHand']++
}

async function payOut(life: Life) {
  const { house, tally } = life
  const [rich] = await house.world().rows<{ client_id: string, credit: string }>(sql`select client_id, (-sum(amount))::text as credit from journal_lines where account = 'client_credit' group by client_id having sum(amount) < 0 order by sum(amount), client_id limit 1`)
  if (!rich) return
  const ask = house.app().payments.requestCreditPayout({ clientId: rich.client_id, amount: money(partOf(life, BigInt(rich.credit))), reason: 'no longer wanted', ...transferOf(life), actor: financeActor })
  if (await unlessRefused(ask, refusals)) tally.creditPaidOut++
}

/** The whole of an invoice, or a part of one line. */
async function writeNote(life: Life) {
  const { house, dice, tally } = life
  const { billing } = house.app()
  const recent = await house.world().rows<{ id: string }>(sql`select id from invoices where status in ('issued', 'paid') and issued_at > ${house.clock.now().toISOString()}::timestamptz - interval '20 days' and total > 0 order by id limit 2000`)
  const invoice = recent[dice.between(0, Math.max(0, recent.length - 1))]
  if (!invoice) return
  const [line] = await billing.showCreditable(invoice.id)
  const left = BigInt(line?.left.amount ?? '0')
  const lines = line && left > 0n && dice.chance(0.7) ? [{ lineId: line.id, amount: money(partOf(life, left)) }] : null
  if (await unlessRefused(billing.issueCreditNote({ invoiceId: invoice.id, lines, reason: 'not as agreed', actor: financeActor }), refusals)) tally.creditNotes++
}

async function winSome(life: Life) {
  const { house, dice, tally } = life
  const lost = await house.world().rows<{ id: string, amount: string }>(sql`select id, amount::text as amount from refunds where kind = 'chargeback' and status = 'done' and created_at > ${house.clock.now().toISOString()}::timestamptz - interval '6 days' order by id limit 500`)
  for (const { id, amount } of lost) {
    if (!dice.chance(0.1)) continue
    await house.app().payments.winChargeback({ refundId: id, actor: financeActor, reason: 'the bank agreed' })
    life.won += BigInt(amount)
    tally.chargebacksWon++
  }
}

/** At the gateway: somebody gives back on its dashboard, buyers' banks take back, and banks confirm what was held. */
export function elsewhere({ house: { midtrans: { act, state, faults }, clock }, dice, tally, seldom }: Life): void {
  const now = clock.now().getTime()
  const holding = faults.current.holdRefunds
  for (const transaction of state.transactions) {
    if (!holding && transaction.refunds.some(refund => refund.refund_method === 'refund' && !refund.bank_confirmed_at) && dice.chance(0.6)) act.confirm(transaction.id)
    // What a bank denies within the hour is another matter.
    if (transaction.settledAt === null || transaction.settledAt < now - 6 * day || transaction.settledAt > now - 12 * hour) continue
    const left = transaction.amount - transaction.refunds.reduce((sum, refund) => sum + Number(refund.refund_amount), 0)
    const part = dice.chance(0.5) || left < 2 ? undefined : dice.between(1, left - 1)
    if (left > 0 && isRefundable(transaction) && seldom(0.012)) {
      act.refund(transaction.id, part)
      tally.dashboardRefunds++
    } else if (left > 0 && ['settlement', 'partial_refund', 'partial_chargeback'].includes(transaction.status) && seldom(0.004)) {
      act.chargeback(transaction.id, part)
      tally.chargebacks++
    }
  }
}

import { sql } from 'drizzle-orm'
import { AppError } from '#shared/errors/codes.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import { money } from '#shared/money/money.ts'
import { day, hour, tester } from '../support/billing.ts'
import { clientActor, financeActor } from '../support/payments.ts'
import type { Dice } from './dice.ts'
import type { House } from './house.ts'
import { placeOrder } from './market.ts'
import type { Market } from './market.ts'

/** What happened, by name; a life in which something never happened proves nothing about it. */
export type Happening = 'orders' | 'coded' | 'turnedAway' | 'payments' | 'transfers' | 'lost' | 'doubled' | 'reordered' | 'refused' | 'cut' | 'held' | 'late' | 'reversed' | 'voided' | 'cancelled' | 'kept' | 'endedNow' | 'restarts' | 'downtimes' | 'brakes'
  | 'upgrades' | 'changesAtRenewal' | 'changesTakenBack' | 'refundsByGateway' | 'refundsToCredit' | 'refundsByHand' | 'creditPaidOut' | 'dashboardRefunds' | 'chargebacks' | 'chargebacksWon' | 'creditNotes' | 'mailOutages' | 'mailAnswersLost' | 'mailsBounced' | 'documents' | 'documentsFailed'
export type Tally = Record<Happening, number>
export const noTally = (): Tally => ({
  orders: 0, coded: 0, turnedAway: 0, payments: 0, transfers: 0, lost: 0, doubled: 0, reordered: 0, refused: 0, cut: 0, held: 0, late: 0, reversed: 0, voided: 0, cancelled: 0, kept: 0, endedNow: 0, restarts: 0, downtimes: 0, brakes: 0,
  upgrades: 0, changesAtRenewal: 0, changesTakenBack: 0, refundsByGateway: 0, refundsToCredit: 0, refundsByHand: 0, creditPaidOut: 0, dashboardRefunds: 0, chargebacks: 0, chargebacksWon: 0, creditNotes: 0, mailOutages: 0, mailAnswersLost: 0, mailsBounced: 0, documents: 0, documentsFailed: 0,
})

/** How a client pays: on time mostly, late often, hardly ever. */
export type Temper = 'punctual' | 'slow' | 'careless'
const willingness: Record<Temper, number> = { punctual: 0.5, slow: 0.12, careless: 0.03 }
const methods = ['bca_va', 'bni_va', 'bri_va', 'permata_va', 'qris', 'snap'] as const

export interface Life {
  readonly house: House, readonly dice: Dice, readonly tally: Tally, readonly market: Market, readonly clients: Map<string, Temper>
  /** Throws the dice for what happens seldom: in a small house more often, so that it happens at all. */
  seldom(probability: number): boolean
  /** What charge-backs that were won brought back: the gateway's own books of them we do not see. */
  won: bigint
}
/** What somebody is told who asks for what cannot be; anything else is a fault of the program. Answers whether it was done. */
export const unlessRefused = (promise: Promise<unknown>, codes: RegExp): Promise<boolean> => promise.then(() => true, (error: unknown) => {
  if (error instanceof AppError && codes.test(error.code)) return false
  throw error
})
/** What a buyer may be told on a day with trouble. */
const expected = new Set<string>(['gateway_unavailable', 'payment_in_progress', 'invoice_not_payable'])
type Open = { id: string, client_id: string, owed: string }

/** Ordinary trouble of the gateway and of the network, new each day. */
export function trouble({ house: { midtrans: { faults }, mailRoom }, dice, tally }: Life): void {
  faults.clear()
  const strike = (name: Happening, probability: number, set: () => void) => {
    if (!dice.chance(probability)) return
    tally[name]++
    set()
  }
  strike('lost', 0.15, () => faults.set({ loseNotifications: dice.between(1, 3) }))
  strike('doubled', 0.15, () => faults.set({ duplicateNotifications: dice.between(1, 3) }))
  strike('reordered', 0.08, () => faults.set({ reorderNotifications: 2 }))
  strike('refused', 0.1, () => faults.set({ failNext: dice.between(1, 2) }))
  strike('cut', 0.06, () => faults.set({ cutAfterAct: 1 }))
  strike('held', 0.2, () => faults.set({ holdRefunds: true }))
  // Mail servers are away for hours or days; some letters are taken and the answer is lost, some are refused for good.
  if (mailRoom.mode !== 'takes' && dice.chance(0.5)) mailRoom.mode = 'takes'
  strike('mailOutages', 0.08, () => Object.assign(mailRoom, { mode: dice.pick(['refuses', 'cuts']) }))
  strike('mailAnswersLost', 0.08, () => mailRoom.loseAnswers++)
  strike('mailsBounced', 0.02, () => mailRoom.bounces++)
}

/** Clients order, pay or do not, Finance books transfers, voids a little; banks take money back. */
export async function businessHours(life: Life): Promise<void> {
  const { house, dice, tally } = life
  await newOrders(life)
  const open = await house.world().rows<Open>(sql`
    select i.id, i.client_id, sum(l.amount)::text as owed from invoices i join journal_lines l on l.invoice_id = i.id and l.account = 'receivable' where i.status = 'issued' group by i.id order by i.id limit 5000`)
  for (const invoice of open) {
    const temper = life.clients.get(invoice.client_id) ?? 'slow'
    if (!dice.chance(willingness[temper])) continue
    if (dice.chance(0.15)) await transfer(life, invoice)
    else await payAtGateway(life, invoice)
    if (dice.chance(0.02)) await house.app().billing.voidInvoice({ invoiceId: invoice.id, reason: 'simulated mistake', actor: tester }).then(() => tally.voided++, () => {})
  }
  trickle(life)
}

/** Settlements of the last minutes that the bank takes back. */
export function takeBack({ house: { midtrans, clock }, dice, tally }: Life): void {
  for (const transaction of midtrans.state.transactions) {
    if (transaction.status !== 'settlement' || (transaction.settledAt ?? 0) < clock.now().getTime() - hour || !dice.chance(0.03)) continue
    midtrans.act.reverse(transaction.id)
    tally.reversed++
  }
}

async function newOrders({ house, dice, tally, clients, market }: Life) {
  for (const [nth, clientId] of [...clients.keys()].entries()) {
    if (!dice.chance(0.02)) continue
    const placed = await placeOrder(house.app(), market, dice, { clientId, nth })
    for (const name of ['orders', 'coded', 'turnedAway'] as const) tally[name] += placed[name]
  }
}

async function transfer({ house, dice, tally }: Life, invoice: Open) {
  const owed = BigInt(invoice.owed)
  const amount = dice.chance(0.2) ? owed / 2n : dice.chance(0.15) ? owed + BigInt(dice.between(1, 50_000)) : owed
  if (amount <= 0n) return
  const receivedOn = new Date(house.clock.now().getTime() + 7 * hour).toISOString().slice(0, 10)
  const booking = { invoiceId: invoice.id, amount: money(amount), receivedOn, reference: `BANK-${tally.transfers}`, actor: financeActor }
  await house.app().billing.recordManualPayment(booking)
  tally.transfers++
  // The same line of the statement once more, by a colleague: refused, so it changes nothing in the end.
  if (dice.chance(0.1)) await house.app().billing.recordManualPayment(booking).catch(() => {})
}

async function payAtGateway(life: Life, invoice: Open) {
  const { house, dice, tally } = life
  const method: GatewayMethod = dice.pick(methods)
  const view = await house.app().payments.startPayment({ actor: clientActor(invoice.client_id), invoiceId: invoice.id, method }).catch((error: unknown) => {
    if (error instanceof AppError && expected.has(error.code)) return null
    throw error
  })
  if (!view || !dice.chance(0.85)) return
  const [row] = await house.world().rows<{ gateway_order_id: string }>(sql`select gateway_order_id from payments where id = ${view.id}`)
  const order = row?.gateway_order_id ?? ''
  if (method === 'snap') house.midtrans.act.choose(order, dice.pick(['bca_va', 'gopay', 'other_qris']))
  house.midtrans.act.pay(order)
  tally.payments++
}

/** Late money on lapsed attempts. */
function trickle({ house, dice, tally }: Life) {
  const now = house.clock.now().getTime()
  for (const transaction of house.midtrans.state.transactions) {
    if (transaction.status === 'expire' && transaction.expiresAt > now - 2 * day && dice.chance(0.05)) {
      house.midtrans.act.pay(transaction.id)
      tally.late++
    }
  }
}

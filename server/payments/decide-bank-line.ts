import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import type { BankLineUse } from '#shared/vocabulary/transfers.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { movePayment } from './move-payment.ts'
import { exactMatches, suggestAll } from './list-bank-lines.ts'
import { paymentTransitions } from './payment-lifecycle.ts'
import type { BankLine, BankLineDecision, TransferStores } from './transfer-ports.ts'
import type { TransferDeps } from './transfer-deps.ts'
import { undoBankLine, useOf } from './undo-bank-line.ts'

export type Decision
  = { readonly as: 'transfer' | 'recorded', readonly paymentId: string } | { readonly as: 'invoice', readonly invoiceId: string } | { readonly as: 'credit', readonly clientId: string }
    | { readonly as: 'ignored', readonly reason: string } | { readonly as: 'reopened' } | { readonly as: 'undone', readonly reason: string }
/** What a line has to be for a decision. */
const statusFor: Record<Decision['as'], BankLine['status']> = { transfer: 'open', recorded: 'open', invoice: 'open', credit: 'open', ignored: 'open', reopened: 'ignored', undone: 'settled' }
interface Input { readonly lineId: string, readonly decision: Decision, readonly actor: Actor }
type Outcome = Pick<BankLineDecision, 'status' | 'usedAs' | 'paymentId' | 'clientId' | 'reason'>

/**
 * Says what a line of a statement was for. Its money is booked in the same transaction and once: the line's row is locked, a decided line
 * is refused (but undone, which lets it be decided again), and a payment is tied to one line. @throws AppError not_found, bank_line_decided, match_changed, transfer_known
 */
export const decideBankLine = (deps: TransferDeps) => ({ lineId, decision, actor }: Input): Promise<void> => deps.transact(stores => decide(deps, stores, { lineId, decision, actor }))

async function decide(deps: TransferDeps, stores: TransferStores, { lineId, decision, actor }: Input, check?: (line: BankLine) => Promise<void>): Promise<void> {
  const line = await stores.bankLines.lock(lineId)
  if (!line) throw new AppError('not_found')
  if (line.status !== statusFor[decision.as]) throw new AppError('bank_line_decided')
  await check?.(line)
  const outcome = await carryOut(deps, stores, line, decision, actor)
  await stores.bankLines.decide(lineId, { ...outcome, undone: line.undone + Number(decision.as === 'undone'), at: deps.clock.now(), by: actorLabel(actor) })
  await stores.audit.record({ actor, action: `bank.line_${decision.as}`, entity: 'bank_line', entityId: lineId, after: { amount: line.amount.amount.toString(), bookedOn: line.bookedOn, ...outcome, ...(decision.as === 'undone' ? { was: line.usedAs, reason: decision.reason } : {}) } })
  stores.live.publish({ audience: 'staff', name: 'payment', id: lineId })
}

const none = { usedAs: null, paymentId: null, clientId: null, reason: null } as const
const settled = (usedAs: BankLineUse, clientId: string, paymentId: string | null): Outcome => ({ status: 'settled', usedAs, paymentId, clientId, reason: null })

async function carryOut(deps: TransferDeps, stores: TransferStores, line: BankLine, decision: Decision, actor: Actor): Promise<Outcome> {
  switch (decision.as) {
    case 'ignored': return { ...none, status: 'ignored', reason: decision.reason }
    case 'reopened': return { ...none, status: 'open' }
    case 'undone':
      await undoBankLine(deps, stores, line, decision.reason, actor)
      return { ...none, status: 'open' }
    case 'transfer': return settled('transfer', await settleTransfer(deps, stores, line, decision.paymentId, actor), decision.paymentId)
    case 'recorded': return settled('recorded', await findRecorded(stores, line, decision.paymentId), decision.paymentId)
    case 'invoice': {
      // The line's own id makes the reference its own: two equal transfers of one day are two.
      const reference = `${line.description.slice(0, 80)} #${line.id.slice(-8)}${line.undone === 0 ? '' : `-${line.undone}`}`
      const { paymentId, clientId } = await deps.bookManualPayment(stores, { invoiceId: decision.invoiceId, amount: line.amount, at: deps.calendar.startOfDay(line.bookedOn), reference, actor })
      return settled('invoice', clientId, paymentId)
    }
    case 'credit':
      await deps.creditClient(stores, { clientId: decision.clientId, amount: line.amount, causeId: `bank-line:${useOf(line)}`, memo: line.description.slice(0, 200) || line.accountLabel, actor })
      return settled('credit', decision.clientId, null)
  }
}

/** The attempt settles with what really came, less or more than it asked for; answers its client. */
async function settleTransfer(deps: TransferDeps, stores: TransferStores, line: BankLine, paymentId: string, actor: Actor): Promise<string> {
  const payment = await stores.payments.lock(paymentId)
  if (payment?.method !== 'transfer') throw new AppError('not_found')
  // Settled already, or taken back: whether this is other money is for a person to say.
  if (!paymentTransitions[payment.status].includes('settled') || payment.settledAt !== null) throw new AppError('match_changed')
  const transfer = await stores.transfers.find(paymentId)
  const at = deps.clock.now()
  await movePayment(stores, payment, 'settled', `statement: ${line.accountLabel} ${line.bookedOn}`, actor, at, { settledAt: at, settledAmount: line.amount, problem: null })
  await deps.bookPayment(stores, { paymentId, invoiceId: payment.invoiceId, clientId: payment.clientId, gateway: null, amount: line.amount, at, actor, ...(transfer ? { expectedCredit: money(transfer.code, line.amount.currency) } : {}) })
  return payment.clientId
}

async function findRecorded(stores: TransferStores, line: BankLine, paymentId: string): Promise<string> {
  const payment = await stores.payments.lock(paymentId)
  if (payment?.method !== 'manual' || payment.status !== 'settled' || payment.amount.amount !== line.amount.amount) throw new AppError('match_changed')
  return payment.clientId
}

/**
 * Confirms every line that is sure, each in a transaction of its own and looked at again under its lock. One that fails stops no other.
 */
export const confirmExact = (deps: TransferDeps) => async ({ actor }: { readonly actor: Actor }): Promise<{ confirmed: number, failed: number }> => {
  const tally = { confirmed: 0, failed: 0 }
  for await (const { lineId, paymentId } of exactMatches(deps)) {
    try {
      await deps.transact(stores => decide(deps, stores, { lineId, decision: { as: 'transfer', paymentId }, actor }, async (line) => {
        const [[first] = []] = await suggestAll(deps, stores.bankCandidates, [line])
        if (first?.reason !== 'exact_code' || first.paymentId !== paymentId) throw new AppError('match_changed')
      }))
      tally.confirmed++
    } catch (error) {
      tally.failed++
      deps.log.warn({ err: error, lineId, paymentId }, 'a sure match could not be confirmed')
    }
  }
  return tally
}

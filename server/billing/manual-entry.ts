import { AppError, fieldError } from '#shared/errors/codes.ts'
import { money, negate, sum } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { ManualAccount } from '#shared/vocabulary/ledger.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { JournalEntry } from './ledger.ts'
import type { ManualEntry, ManualLine } from './ledger-ports.ts'

export interface TypedLine { readonly account: ManualAccount, readonly side: 'debit' | 'credit', /** Positive. */ readonly amount: Money, readonly clientId: string | null, readonly gateway: GatewayName | null }

/**
 * The lines as the journal has them, from what a person typed.
 * @throws AppError invalid_input naming the field: no amount, no client for credit, no gateway for money at a gateway, sides that differ
 */
export function linesOfTyped(typed: readonly TypedLine[]): ManualLine[] {
  const lines = typed.map(({ account, side, amount, clientId, gateway }, i): ManualLine => {
    if (amount.amount <= 0n) throw fieldError(`lines.${i}.amount`, 'amount_positive')
    if (account === 'client_credit' && !clientId) throw fieldError(`lines.${i}.clientId`, 'client_required')
    if (account === 'gateway_clearing' && !gateway) throw fieldError(`lines.${i}.gateway`, 'gateway_required')
    return { account, clientId, gateway: account === 'gateway_clearing' ? gateway : null, amount: side === 'debit' ? amount : negate(amount) }
  })
  if (sum(lines.map(line => line.amount)).amount !== 0n) throw fieldError('lines', 'entry_unbalanced')
  return lines
}

export const debitsOf = (lines: readonly ManualLine[]): Money => sum(lines.map(line => line.amount).filter(({ amount }) => amount > 0n))
export const reversedLines = (lines: readonly ManualLine[]): ManualLine[] => lines.map(({ account, clientId, gateway, amount }) => ({ account, clientId, gateway, amount: negate(amount) }))

/** More than the limit waits for a second person. */
export const needsSecondPerson = ({ total, approvalLimit }: Pick<ManualEntry, 'total' | 'approvalLimit'>): boolean => total.amount > approvalLimit.amount

/** @throws AppError second_person_required when whoever wrote it would book it above the limit */
export function refuseOwnApproval(entry: Pick<ManualEntry, 'total' | 'approvalLimit' | 'proposedBy'>, actorId: string): void {
  if (needsSecondPerson(entry) && entry.proposedBy.id === actorId) throw new AppError('second_person_required')
}

/** What the entry takes from (positive) or gives to each client's credit, by the ids of the clients. */
export function creditTaken(lines: readonly ManualLine[]): Map<string, Money> {
  const taken = new Map<string, Money>()
  for (const { account, clientId, amount } of lines) if (account === 'client_credit' && clientId) taken.set(clientId, money((taken.get(clientId)?.amount ?? 0n) + amount.amount, amount.currency))
  return new Map([...taken].sort(([a], [b]) => a < b ? -1 : 1))
}

/** The entry that the journal gets, caused by the row of its decision. */
export const manualJournalEntry = ({ id, at, reason, lines }: Pick<ManualEntry, 'id' | 'at' | 'reason'> & { readonly lines: readonly ManualLine[] }, actor: string): JournalEntry =>
  ({ cause: 'manual_entry', causeId: id, at, memo: reason, actor, lines: lines.map(({ account, clientId, gateway, amount }) => ({ account, clientId, invoiceId: null, gateway, amount })) })

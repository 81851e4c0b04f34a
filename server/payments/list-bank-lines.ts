import type { z } from 'zod'
import type { bankLinesView, bankLineView } from '#shared/contracts/transfers.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import { suggestionsFor, numbersIn } from './match-bank-lines.ts'
import type { Suggestion } from './match-bank-lines.ts'
import type { BankLine, BankLineFilter, CandidateStore } from './transfer-ports.ts'
import type { TransferDeps } from './transfer-deps.ts'
import { codesRememberedSince } from './transfer.ts'

/** Suggestions for several lines, from one look at the payments and one at the invoices that could be meant. */
export async function suggestAll(deps: Pick<TransferDeps, 'clock' | 'calendar'>, store: CandidateStore, lines: readonly BankLine[]): Promise<Suggestion[][]> {
  const open = lines.filter(line => line.status === 'open')
  if (open.length === 0) return lines.map(() => [])
  const amounts = [...new Set(open.map(line => line.amount.amount))]
  const payments = await store.payments({ amounts, since: codesRememberedSince(deps.clock.now()) })
  const invoices = await store.invoices({ amounts, numbers: [...new Set(open.flatMap(line => numbersIn(line.description)))] })
  return lines.map(line => line.status === 'open' ? suggestionsFor(line, { payments, invoices, dayOf: at => deps.calendar.isoDay(at) }) : [])
}

const ages = [3, 7, 30, null] as const
const dayMilliseconds = 86_400_000
const batch = 200

/** Movements on the bank accounts, with suggestions for those that nobody decided; how old those are; how many of them are sure. */
export const listBankLines = (deps: TransferDeps) => async (filter: BankLineFilter): Promise<z.input<typeof bankLinesView>> => {
  const today = Date.parse(deps.calendar.isoDay(deps.clock.now()))
  const ageOf = (day: string) => Math.max(0, Math.round((today - Date.parse(day)) / dayMilliseconds))
  const page = await deps.read.bankLines.list(filter)
  const suggestions = await suggestAll(deps, deps.read.bankCandidates, page.items)
  const open = await deps.read.bankLines.ageing()
  const ageing = ages.map((upToDays, i) => {
    const above = i === 0 ? -1 : ages[i - 1] ?? -1
    const those = open.filter(one => ageOf(one.bookedOn) > above && (upToDays === null || ageOf(one.bookedOn) <= upToDays))
    return { upToDays, count: those.reduce((sum, one) => sum + one.count, 0), amount: toMoneyJson(money(those.reduce((sum, one) => sum + one.amount, 0n))) }
  })
  let exact = 0
  for await (const one of exactMatches(deps)) exact += one ? 1 : 0
  return { ...page, items: page.items.map((line, i) => toLineView(line, ageOf(line.bookedOn), suggestions[i] ?? [])), ageing, exact }
}

/** Each undecided line that is sure, with the transfer that it is; in batches. */
export async function* exactMatches(deps: Pick<TransferDeps, 'clock' | 'calendar' | 'read'>): AsyncGenerator<{ lineId: string, paymentId: string }> {
  for (let after: string | null = null; ;) {
    const lines: BankLine[] = await deps.read.bankLines.codedAfter(after, batch)
    const suggestions = await suggestAll(deps, deps.read.bankCandidates, lines)
    for (const [i, line] of lines.entries()) {
      const [first] = suggestions[i] ?? []
      if (first?.reason === 'exact_code' && first.paymentId !== null) yield { lineId: line.id, paymentId: first.paymentId }
    }
    after = lines.at(-1)?.id ?? null
    if (lines.length < batch) return
  }
}

const toLineView = (line: BankLine, ageDays: number, suggestions: readonly Suggestion[]): z.input<typeof bankLineView> => ({
  id: line.id, accountId: line.accountId, accountLabel: line.accountLabel, bookedOn: line.bookedOn, ageDays, amount: toMoneyJson(line.amount), description: line.description, status: line.status, usedAs: line.usedAs, reason: line.reason, decidedAt: line.decidedAt?.toISOString() ?? null,
  invoiceId: line.invoiceId, invoiceNumber: line.invoiceNumber, clientId: line.clientId, clientName: line.clientName, suggestions: suggestions.map(one => ({ ...one, amount: toMoneyJson(one.amount) })),
})

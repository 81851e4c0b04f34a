import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Transact } from '../kernel/ports.ts'
import { bookManualEntry } from './book-manual-entry.ts'
import type { StaffActor } from './book-manual-entry.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { debitsOf, linesOfTyped, needsSecondPerson, reversedLines } from './manual-entry.ts'
import type { TypedLine } from './manual-entry.ts'
import type { ManualLine } from './ledger-ports.ts'
import type { BillingStores } from './ports.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores> }
export interface ManualEntryInput { /** Its day in the business zone. */ readonly day: string, readonly reason: string, readonly lines: readonly TypedLine[], readonly actor: StaffActor }

/**
 * Writes an entry by hand. Up to the limit of the policy it is booked at once; above it nothing is booked before a second person approves.
 * Answers its id. @throws AppError invalid_input (see `linesOfTyped`; a day in the future or in a closed month, an unknown client), credit_insufficient
 */
export const proposeManualEntry = (deps: Deps) => async ({ day, reason, lines: typed, actor }: ManualEntryInput): Promise<string> => {
  const at = deps.rules.calendar.startOfDay(day)
  if (at > deps.clock.now()) throw fieldError('day', 'day_in_future')
  const lines = linesOfTyped(typed)
  return deps.transact(async (stores) => {
    const clients = await stores.manualEntries.clientsAmong(lines.flatMap(line => line.clientId ?? []))
    const unknown = lines.findIndex(line => line.clientId && !clients.has(line.clientId))
    if (unknown >= 0) throw fieldError(`lines.${unknown}.clientId`, 'client_unknown')
    const openFrom = await stores.periods.openFrom()
    if (openFrom && at < openFrom) throw fieldError('day', 'day_in_closed_month')
    return propose(deps, stores, { at, reason, lines, reverses: null, actor })
  })
}

/**
 * Takes a booked entry back by another one, dated today, under the same rule of the second person. An entry is reversed once, and a
 * reversal is not reversed. Answers the id of the new entry. @throws AppError not_found, entry_reversed, transition_refused, credit_insufficient
 */
export const reverseManualEntry = (deps: Deps) => ({ id, reason, actor }: { readonly id: string, readonly reason: string, readonly actor: StaffActor }): Promise<string> =>
  deps.transact(async (stores) => {
    const entry = await stores.manualEntries.lock(id)
    if (!entry) throw new AppError('not_found')
    if (entry.reversedBy || entry.reverses) throw new AppError('entry_reversed')
    if (entry.status !== 'booked') throw new AppError('transition_refused', { params: { from: entry.status, to: 'reversed' } })
    const { calendar } = deps.rules
    return propose(deps, stores, { at: calendar.startOfDay(calendar.isoDay(deps.clock.now())), reason, lines: reversedLines(entry.lines), reverses: id, actor })
  })

async function propose(deps: Deps, stores: BillingStores, { actor, ...input }: { readonly at: Date, readonly reason: string, readonly lines: readonly ManualLine[], readonly reverses: string | null, readonly actor: StaffActor }): Promise<string> {
  const id = deps.newId()
  const total = debitsOf(input.lines)
  const approvalLimit = deps.rules.policy.manualEntryLimit
  await stores.manualEntries.insert({ id, ...input, total, approvalLimit, proposedBy: actor.id, proposedAt: deps.clock.now() })
  await auditStaff(stores, { actor, action: 'ledger.propose_entry', entity: 'manual_entry', entityId: id, after: { day: deps.rules.calendar.isoDay(input.at), reason: input.reason, reverses: input.reverses, lines: input.lines.map(line => ({ ...line, amount: line.amount.amount.toString() })) } })
  const entry = await stores.manualEntries.lock(id)
  if (entry && !needsSecondPerson(entry)) await bookManualEntry(deps)(stores, { entry, note: null, actor })
  hint(stores, 'billing', id)
  return id
}

import { z } from 'zod'
import { ledgerAccounts } from '#shared/vocabulary/billing.ts'
import { closingBlockers, manualAccounts, manualEntryStatuses } from '#shared/vocabulary/ledger.ts'
import { gateways } from '#shared/vocabulary/payments.ts'
import { calendarDay, contract, idParams, instant, listOf, moneyInput, moneyView, pageQuery, uuid } from './contract.ts'

const tag = 'admin'
const person = z.object({ id: uuid, name: z.string() })
const reason = z.string().trim().min(3).max(500)

// Entries by hand ---------------------------------------------------------------------------------------------------------------------
/** `secondPerson`: it is more than the limit that held when it was written, so whoever wrote it cannot approve it. `reversedBy`: the entry that takes it back, waiting or booked. */
export const manualEntryView = z.object({
  id: uuid, status: z.enum(manualEntryStatuses), day: calendarDay, reason: z.string(), total: moneyView, secondPerson: z.boolean(), reverses: uuid.nullable(), reversedBy: uuid.nullable(),
  proposedBy: person, proposedAt: instant, decidedBy: person.nullable(), decidedAt: instant.nullable(), note: z.string().nullable(),
  lines: z.array(z.object({ account: z.enum(manualAccounts), side: z.enum(['debit', 'credit']), amount: moneyView, clientId: uuid.nullable(), clientName: z.string().nullable(), gateway: z.enum(gateways).nullable() })),
})
export const manualEntryBody = z.object({
  day: calendarDay, reason,
  /** Client credit names its client, money at a gateway its gateway. */
  lines: z.array(z.object({ account: z.enum(manualAccounts), side: z.enum(['debit', 'credit']), amount: moneyInput, clientId: uuid.nullable().default(null), gateway: z.enum(gateways).nullable().default(null) })).min(2).max(20),
})
export const listManualEntries = contract({ method: 'GET', path: '/api/admin/ledger/manual-entries', access: 'finance', tag, summary: 'Entries by hand, newest first, and the limit above which they wait for a second person', query: pageQuery.extend({ status: z.enum(manualEntryStatuses).optional() }), response: listOf(manualEntryView).extend({ approvalLimit: moneyView }) })
export const proposeManualEntry = contract({ method: 'POST', path: '/api/admin/ledger/manual-entries', access: 'finance', tag, summary: 'Write an entry by hand: booked at once up to the limit, else proposed', body: manualEntryBody, response: manualEntryView, status: 201, creates: true })
export const decideManualEntry = contract({ method: 'POST', path: '/api/admin/ledger/manual-entries/{id}/decision', access: 'finance', tag, summary: 'Approve (and book) or reject a proposed entry; above the limit never by whoever wrote it', params: idParams, body: z.object({ decision: z.enum(['approve', 'reject']), note: reason }), response: manualEntryView })
export const reverseManualEntry = contract({ method: 'POST', path: '/api/admin/ledger/manual-entries/{id}/reversal', access: 'finance', tag, summary: 'Take a booked entry back by a new one, once, under the same limit', params: idParams, body: z.object({ reason }), response: manualEntryView, status: 201, creates: true })

// Closed months -----------------------------------------------------------------------------------------------------------------------
export const periodView = z.object({
  id: uuid, month: z.string(), closedBy: person, closedAt: instant, reopened: z.object({ by: person, at: instant, reason: z.string() }).nullable(),
  /** Each account's debits and credits from the first entry until the end of the month. */
  totals: z.array(z.object({ account: z.enum(ledgerAccounts), debit: moneyView, credit: moneyView, balance: moneyView })),
})
/** `next`: the month that can be closed next and what stands in the way; null while nothing was booked. Only `lastClosedId` can be reopened. */
export const listPeriods = contract({ method: 'GET', path: '/api/admin/ledger/periods', access: 'finance', tag, summary: 'Closed months with their totals, newest first, and the month that comes next', query: pageQuery, response: listOf(periodView).extend({ next: z.object({ month: z.string(), blockers: z.array(z.enum(closingBlockers)) }).nullable(), lastClosedId: uuid.nullable() }) })
export const closePeriod = contract({ method: 'POST', path: '/api/admin/ledger/periods', access: 'finance', tag, summary: 'Close the next month: nothing dated in it is booked any more', body: z.object({ month: z.string().regex(/^\d{4}-\d{2}$/) }), status: 204 })
export const reopenPeriod = contract({ method: 'POST', path: '/api/admin/ledger/periods/{id}/reopening', access: 'finance', tag, summary: 'Open the last closed month again; by somebody else than who closed it', params: idParams, body: z.object({ reason }), status: 204 })

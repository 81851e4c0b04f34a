import { z } from 'zod'
import { ledgerAccounts, ledgerCauses, ledgerChecks } from '#shared/vocabulary/billing.ts'
import { contract, instant, listOf, moneyView, pageQuery, search, uuid } from './contract.ts'

const tag = 'admin'

/** Debits are positive, credits negative. */
export const balanceView = z.object({ account: z.enum(ledgerAccounts), debit: moneyView, credit: moneyView, balance: moneyView })
export const showBalances = contract({ method: 'GET', path: '/api/admin/ledger/balances', access: 'finance', tag, summary: 'Debits, credits and balance of each account', response: z.object({ items: z.array(balanceView) }) })

/** `sequence` and `hash`: its place in the chain; null until it is sealed. */
export const journalEntryView = z.object({
  id: uuid, at: instant, cause: z.enum(ledgerCauses), memo: z.string(), actor: z.string(), sequence: z.number().int().nullable(), hash: z.string().nullable(),
  lines: z.array(z.object({ account: z.enum(ledgerAccounts), invoiceId: uuid.nullable(), gateway: z.string().nullable(), amount: moneyView })),
})
export const listEntries = contract({ method: 'GET', path: '/api/admin/ledger/entries', access: 'finance', tag, summary: 'The journal, newest first; `q` searches what an entry is about', query: pageQuery.extend({ q: search, account: z.enum(ledgerAccounts).optional(), cause: z.enum(ledgerCauses).optional() }), response: listOf(journalEntryView) })

export const ledgerAuditView = z.object({
  id: uuid, startedAt: instant, finishedAt: instant, requestedBy: z.string(), /** Entries in the chain, and the hash at its end. */ entries: z.number().int(), headHash: z.string(),
  checks: z.array(z.object({ check: z.enum(ledgerChecks), passed: z.boolean() })), findings: z.array(z.object({ check: z.enum(ledgerChecks), subject: z.string(), detail: z.string() })),
})
export const listLedgerAudits = contract({ method: 'GET', path: '/api/admin/ledger/audits', access: 'finance', tag, summary: 'What the ledger proved about itself, newest first', query: pageQuery, response: listOf(ledgerAuditView) })
export const requestLedgerAudit = contract({ method: 'POST', path: '/api/admin/ledger/audits', access: 'finance', tag, summary: 'Ask for a self-audit now; it runs as a job', status: 204 })

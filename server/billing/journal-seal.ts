import type { JournalEntry } from './ledger.ts'

export interface BookedEntry extends JournalEntry { readonly id: string }
export interface Seal { readonly sequence: number, readonly entryId: string, readonly hash: string }

/** The chain begins here. */
export const firstHash = '0'.repeat(64)

/** What the hash of an entry is made of: the hash before it and everything that the entry says, in one fixed form. */
export const sealedText = (previous: string, entry: BookedEntry): string => JSON.stringify([
  previous, entry.id, entry.cause, entry.causeId, entry.at.toISOString(), entry.memo, entry.actor,
  entry.lines.map(line => [line.account, line.clientId, line.invoiceId, line.gateway, line.amount.amount.toString(), line.amount.currency]),
])

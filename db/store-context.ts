import type { Live, Outbox } from '#server/kernel/ports.ts'

/** What a repository may need beside the database: ids, time, and the outbox of the same transaction. */
export interface StoreContext { readonly newId: () => string, readonly now: () => Date, readonly outbox: Outbox, readonly live: Live }

import { createHash, randomBytes } from 'node:crypto'
import type { ConsoleGrant, ConsoleTickets } from '#server/provisioning/console-access.ts'
import type { KeyValue } from './kv.ts'

export const consoleTicketSeconds = 30
const keyOf = (ticket: string) => `console:ticket:${createHash('sha256').update(ticket).digest('hex')}`

/** Tickets in the transient store: 256 random bits, taken out in the act in which they are read. */
export const consoleTickets = (kv: KeyValue): ConsoleTickets => ({
  async issue(grant) {
    const ticket = randomBytes(32).toString('base64url')
    await kv.set(keyOf(ticket), JSON.stringify(grant), consoleTicketSeconds)
    return { ticket, expiresInSeconds: consoleTicketSeconds }
  },
  async take(ticket) {
    const kept = await kv.take(keyOf(ticket))
    return kept === null ? null : JSON.parse(kept) as ConsoleGrant
  },
})

/** So many at once per service, over all replicas; a replica that dies gives its places back by itself. */
export const consoleSlots = (kv: KeyValue, perService: number, holdSeconds: number) => ({
  /** Null: all are taken. */
  async take(serviceId: string): Promise<string | null> {
    for (let n = 0; n < perService; n++) {
      const key = `console:slot:${serviceId}:${n}`
      if (await kv.setIfAbsent(key, '1', holdSeconds)) return key
    }
    return null
  },
  keep: (slot: string) => kv.set(slot, '1', holdSeconds),
  free: (slot: string) => kv.delete(slot),
})

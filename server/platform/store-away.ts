import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'

/** Connection exceptions, insufficient resources (too many connections, disk full, memory), shutting down, starting up. */
const sqlStates = /^(08|53)|^57P0[1-3]$/
const socketCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
// What the clients of PostgreSQL and Redis say themselves carries no code.
const words = /^Connection terminated|not queryable|timeout exceeded when trying to connect|^Connection is closed|max retries per request/i

/**
 * Whether something failed because one of our own stores (PostgreSQL, Redis) was not there: restarting, full or out of reach. Nothing is
 * wrong with the request, a transaction that was open left nothing behind, and it may be tried again. A remote system's failure never counts.
 */
export function isStoreAway(error: unknown): boolean {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 6; inner = inner.cause, depth++) {
    if (inner instanceof DriverError || inner instanceof AppError) return false
    const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : ''
    if (sqlStates.test(code) || socketCodes.has(code) || words.test(inner.message)) return true
  }
  return false
}

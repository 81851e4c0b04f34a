import type { SimReply } from '../support/server.ts'

/** An answer that ends a call: the status text carries the reason, as the original's `die` does. */
export class Refusal extends Error {
  readonly status: number
  readonly errors: Record<string, string> | undefined
  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message)
    this.status = status
    this.errors = errors
  }
}
export const die = (message: string): never => { throw new Refusal(500, message) }

const contentType = { 'content-type': 'application/json;charset=UTF-8', 'cache-control': 'max-age=0', 'pragma': 'no-cache', 'server': 'pve-api-daemon/3.0' }

export const data = (value: unknown): SimReply => ({ status: 200, headers: contentType, body: JSON.stringify({ data: value ?? null }) })

/** `withMessage` false: as before libpve-http-server 5.2.0, when only the status text said why. The connection ends after every refusal. */
export function refusal(error: Refusal, withMessage: boolean): SimReply {
  const headers = { ...contentType, connection: 'close' }
  if (error.status === 401) return { status: 401, statusText: error.message, headers: { 'connection': 'close', 'cache-control': 'max-age=0', 'server': 'pve-api-daemon/3.0' }, body: '' }
  return { status: error.status, statusText: error.message, headers, body: JSON.stringify({ data: null, ...(withMessage ? { message: `${error.message}\n` } : {}), ...(error.errors ? { errors: error.errors } : {}) }) }
}

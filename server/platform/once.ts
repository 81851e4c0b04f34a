import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { getHeader, setResponseHeader } from 'h3'
import type { H3Event } from 'h3'
import type { RouteContract } from '#shared/contracts/contract.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { App } from './app.ts'

/** A claim that nobody settles may be taken over after two minutes: so long it is tried. */
const settlingSeconds = 120

/** Settles a claim now or, when the database is away, as soon as it is back: what became of the request does not depend on it. */
async function settle(app: App, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    app.core.log.warn({ err: error }, 'an Idempotency-Key could not be settled; it is tried again')
    void settleLater(write)
  }
}

async function settleLater(write: () => Promise<void>): Promise<void> {
  for (let second = 0; second < settlingSeconds; second++) {
    await pause(1000, undefined, { ref: false })
    if (await write().then(() => true, () => false)) return
  }
}

/** Runs `act` once per Idempotency-Key of one caller: the repetition gets the first answer. */
export async function once<T>(event: H3Event, contract: RouteContract, raw: Buffer, caller: string, app: App, act: () => Promise<T>): Promise<T> {
  const key = contract.creates ? getHeader(event, 'idempotency-key')?.slice(0, 200) : undefined
  if (!key) return act()
  const scope = `${caller} ${contract.method} ${event.path.split('?')[0]}`
  const store = app.core.read.idempotency
  const claim = await store.claim(scope, key, createHash('sha256').update(raw).digest('hex'), app.core.wallClock.now())
  if (claim.state === 'other_request') throw new AppError('idempotency_key_reused')
  if (claim.state === 'running') throw new AppError('request_in_progress', { retryAfterSeconds: 2 })
  if (claim.state === 'finished') {
    setResponseHeader(event, 'idempotent-replayed', 'true')
    return JSON.parse(claim.body) as T
  }
  let result: T
  try {
    result = await act()
  } catch (error) {
    await settle(app, () => store.release(scope, key))
    throw error
  }
  // It is done: from here on nothing may lead to its being done again.
  await settle(app, () => store.finish(scope, key, contract.status ?? 200, JSON.stringify(result ?? null)))
  return result
}

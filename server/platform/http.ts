import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { defineEventHandler, getHeader, getQuery, getRequestIP, getRouterParams, setResponseHeader, setResponseStatus } from 'h3'
import type { EventHandler, H3Event } from 'h3'
import { allContracts } from '#shared/contracts/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { BodyOf, ParamsOf, QueryOf, ResponseOf, RouteContract } from '#shared/contracts/contract.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { mayPass } from '#shared/vocabulary/roles.ts'
import type { Access } from '#shared/vocabulary/roles.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { useApp } from './app.ts'
import type { App } from './app.ts'
import { uuidv7 } from './ids.ts'
import { once } from './once.ts'
import { parseInput, toProblem } from './problem.ts'
import { isStoreAway } from './store-away.ts'

const bodyLimit = 1_048_576

export type UserActor = Extract<Actor, { kind: 'user' }>
type ActorOf<A extends Access> = A extends 'public' | 'gateway' | 'demo' ? UserActor | null : UserActor

export interface RouteInput<C extends RouteContract> {
  readonly params: ParamsOf<C>
  readonly query: QueryOf<C>
  readonly body: BodyOf<C>
  readonly actor: ActorOf<C['access']>
  readonly app: App
  readonly locale: Locale
  readonly requestId: string
  /** The body as it came, byte for byte (webhooks verify it). Empty for GET. */
  readonly raw: Buffer
  readonly event: H3Event
}

declare module 'h3' {
  interface H3EventContext {
    /** Set by `server/middleware/3.session.ts`: who calls, proven by a Bearer token or the sealed cookie. */
    actor?: UserActor | null
    /** The actor was proven by the cookie: the browser sends it by itself, so a write must come from our own pages. */
    actorByCookie?: boolean
    /** Why it is not known who calls: the session could not be looked up. Told by the route, as any other failure. */
    callerUnknown?: unknown
    requestId?: string
  }
}

/** Told by the page (`x-gardu-locale`) or the browser's languages; Indonesian when nothing is said. */
export function localeOf(event: H3Event): Locale {
  const told = getHeader(event, 'x-gardu-locale') ?? getHeader(event, 'accept-language') ?? 'id'
  const first = told.split(',').map(part => part.trim().slice(0, 2).toLowerCase()).find(code => code === 'id' || code === 'en')
  return first === 'en' ? 'en' : 'id'
}

export const requestIdOf = (event: H3Event): string => event.context.requestId ??= uuidv7()

/** Reads at most one MiB (a file: as much as its contract takes), whether the length was announced or not. @throws AppError body_too_large, file_too_large */
async function readLimited(event: H3Event, accepts: RouteContract['accepts']): Promise<Buffer> {
  const limit = accepts?.bytes ?? bodyLimit
  const tooLarge = () => accepts ? new AppError('file_too_large', { params: { limit: limit / bodyLimit } }) : new AppError('body_too_large')
  if (Number(getHeader(event, 'content-length') ?? 0) > limit) throw tooLarge()
  const request = event.node.req as IncomingMessage & { body?: unknown, rawBody?: unknown }
  const given = request.rawBody ?? request.body
  if (given !== undefined && given !== null) return Buffer.isBuffer(given) ? given : Buffer.from(typeof given === 'string' ? given : JSON.stringify(given))
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > limit) throw tooLarge()
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function parseJson(raw: Buffer): unknown {
  if (raw.length === 0) return undefined
  try {
    return JSON.parse(raw.toString('utf8'))
  } catch {
    throw new AppError('malformed_json')
  }
}

/** A write by cookie must come from our own pages: its Origin (or Sec-Fetch-Site) has to say so. @throws AppError origin_refused */
function checkOrigin(event: H3Event, app: App) {
  const origin = getHeader(event, 'origin')
  if (!origin && !event.context.actorByCookie) return
  const own = [new URL(app.core.config.GARDU_BASE_URL).host, getHeader(event, 'host')]
  const from = origin && URL.canParse(origin) ? new URL(origin).host : undefined
  const sameSite = getHeader(event, 'sec-fetch-site') === 'same-origin'
  if (origin ? !own.includes(from) : !sameSite) throw new AppError('origin_refused')
}

async function checkRate(event: H3Event, contract: RouteContract, body: unknown, app: App) {
  const limit = contract.rateLimit
  if (!limit) return
  const address = getRequestIP(event, { xForwardedFor: app.core.config.GARDU_TRUST_PROXY }) ?? 'unknown'
  const value = limit.by && typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[limit.by] : undefined
  const subjects = [`ip:${address}`, ...(typeof value === 'string' ? [`${limit.by}:${createHash('sha256').update(value.trim().toLowerCase()).digest('hex')}`] : [])]
  for (const subject of subjects) {
    const key = `rate:${contract.method}:${contract.path}:${subject}`
    // An address may be shared by many people behind one router: it gets more than one account does.
    const allowed = subject.startsWith('ip:') && subjects.length > 1 ? limit.limit * 5 : limit.limit
    if (await app.core.kv.increment(key, limit.seconds) > allowed) throw new AppError('rate_limited', { retryAfterSeconds: await app.core.kv.secondsLeft(key) || limit.seconds })
  }
}

function fail(event: H3Event, error: unknown) {
  const requestId = requestIdOf(event)
  const known = error instanceof AppError ? error : isStoreAway(error) ? new AppError('unavailable', { cause: error, retryAfterSeconds: 5 }) : new AppError('internal', { cause: error })
  const log = useLog()
  if (known.status >= 500) log?.error({ err: error, requestId, path: event.path }, known.message)
  if (event.node.res.headersSent) return null
  setResponseStatus(event, known.status)
  setResponseHeader(event, 'content-type', 'application/problem+json; charset=utf-8')
  setResponseHeader(event, 'cache-control', 'no-store')
  setResponseHeader(event, 'x-request-id', requestId)
  if (known.retryAfterSeconds) setResponseHeader(event, 'retry-after', known.retryAfterSeconds)
  return JSON.stringify(toProblem(known, localeOf(event), requestId))
}

function useLog() {
  try {
    return useApp().core.log
  } catch {
    return null
  }
}

/**
 * The one way to serve a route. Checks in this order: access, origin, rate, input; then runs the handler, once per Idempotency-Key where
 * the contract creates; then checks and strips the answer by the contract, so that no row leaves the server by accident.
 * A contract without an access decision does not compile. Every error becomes `application/problem+json`.
 */
export function defineRoute<const C extends RouteContract>(contract: C, handle: (input: RouteInput<C>) => ResponseOf<C> | Promise<ResponseOf<C>>): EventHandler {
  return defineEventHandler(async (event) => {
    try {
      const app = useApp()
      const requestId = requestIdOf(event)
      const locale = localeOf(event)
      const actor = event.context.actor ?? null
      setResponseHeader(event, 'x-request-id', requestId)
      if (event.path.startsWith('/api/')) setResponseHeader(event, 'cache-control', 'no-store')
      if (event.context.callerUnknown) throw event.context.callerUnknown
      if (contract.access === 'demo' && !app.core.config.GARDU_DEMO) throw new AppError('not_found')
      if (!mayPass(contract.access, actor?.role)) throw new AppError(actor ? 'forbidden' : 'unauthenticated')
      const writes = contract.method !== 'GET'
      if (writes && contract.access !== 'gateway') checkOrigin(event, app)
      const raw = writes ? await readLimited(event, contract.accepts) : Buffer.alloc(0)
      const json = contract.body ? parseJson(raw) : undefined
      await checkRate(event, contract, json, app)
      const input = {
        params: (contract.params ? parseParams(contract, event, locale) : undefined) as ParamsOf<C>,
        query: (contract.query ? parseInput(contract.query, getQuery(event), locale) : undefined) as QueryOf<C>,
        body: (contract.body ? parseInput(contract.body, json ?? {}, locale) : undefined) as BodyOf<C>,
        actor: actor as ActorOf<C['access']>, app, locale, requestId, raw, event,
      }
      const result = await once(event, contract, raw, actor?.id ?? 'anonymous', app, async () => {
        const answer = await handle(input)
        return contract.response && !event.node.res.headersSent && !(answer instanceof ReadableStream) ? contract.response.parse(answer) : answer
      })
      if (event.node.res.headersSent || event.handled) return
      setResponseStatus(event, contract.status ?? 200)
      return contract.status === 204 ? null : result
    } catch (error) {
      return fail(event, error)
    }
  })
}

/** An id that cannot exist is answered like one that does not: 404. */
function parseParams(contract: RouteContract, event: H3Event, locale: Locale): unknown {
  try {
    return contract.params ? parseInput(contract.params, getRouterParams(event, { decode: true }), locale) : undefined
  } catch {
    throw new AppError('not_found')
  }
}

const routePatterns = allContracts.map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`) }))

/** Answers addresses below `/api` that no route takes: 405 (with Allow) when only the method is wrong, else 404. */
export const unknownRoute: EventHandler = defineEventHandler((event) => {
  const path = event.path.split('?')[0] ?? ''
  const allowed = routePatterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
  if (allowed.length > 0) setResponseHeader(event, 'allow', allowed.join(', '))
  return fail(event, new AppError(allowed.length > 0 ? 'method_not_allowed' : 'not_found'))
})

import { z } from 'zod'
import { billingCycles, recurringCycles } from '#shared/vocabulary/billing.ts'
import { currencies } from '#shared/money/money.ts'
import type { Access } from '#shared/vocabulary/roles.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * What one route promises: who may call it, what it takes, what it answers. The route validates with it, the OpenAPI document is
 * generated from it and the pages type their calls by it. `path` is written as in OpenAPI: `/api/portal/orders/{id}`.
 */
export interface RouteContract {
  readonly method: Method
  readonly path: string
  readonly access: Access
  readonly summary: string
  readonly tag: string
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** The body is a file, taken as its bytes: at most so many of them, of these types (what it really is, its content says). */
  readonly accepts?: { readonly types: readonly string[], readonly bytes: number }
  /** Absent for an answer that is not JSON (`produces` then names its type) or has no content. */
  readonly response?: z.ZodType
  readonly produces?: string
  /** 201 for what creates, 202 for what starts a task, 204 without content; 200 otherwise. */
  readonly status?: 200 | 201 | 202 | 204
  /** The route creates something: it honours the `Idempotency-Key` header. */
  readonly creates?: boolean
  /** At most `limit` calls per `seconds` for one address (and, with `by`, for one value of that body field). Required on public writes. */
  readonly rateLimit?: { readonly limit: number, readonly seconds: number, readonly by?: string }
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined
/** What a handler gets and must give, read off the contract. */
export type ParamsOf<C extends RouteContract> = Parsed<C['params']>
export type QueryOf<C extends RouteContract> = Parsed<C['query']>
export type BodyOf<C extends RouteContract> = Parsed<C['body']>
export type ResponseOf<C extends RouteContract> = C['response'] extends z.ZodType ? z.input<C['response']> : unknown

export const contract = <const C extends RouteContract>(definition: C): C => definition

// Shapes that many contracts share.
export const uuid = z.uuid()
export const idParams = z.object({ id: uuid })
export const instant = z.iso.datetime({ offset: true })
export const calendarDay = z.iso.date()
export const moneyView = z.object({ amount: z.string().regex(/^-?\d{1,18}$/), currency: z.enum(currencies) })
/** A price that staff type: whole Rupiah, not negative. */
export const moneyInput = z.object({ amount: z.string().trim().regex(/^\d{1,15}$/), currency: z.enum(currencies) })
export const cycle = z.enum(billingCycles)
/** Of what renews. */
export const recurringCycle = z.enum(recurringCycles)
export const page = z.coerce.number().int().min(1).max(10_000).default(1)
export const pageSize = z.coerce.number().int().min(1).max(100).default(20)
export const pageQuery = z.object({ page, pageSize })
export const search = z.string().trim().max(100).optional()
/** A page of a list; `total` counts what the filter matches. */
export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), total: z.number().int(), page: z.number().int(), pageSize: z.number().int() })
export const localized = z.object({ id: z.string().trim().min(1).max(2000), en: z.string().trim().min(1).max(2000) })

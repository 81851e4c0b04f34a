import type { z } from 'zod'
import type { RouteContract } from '#shared/contracts/contract.ts'
import type { ErrorCode, FieldError } from '#shared/errors/codes.ts'

type Given<S> = S extends z.ZodType ? z.input<S> : never
/** A part of the request is asked for exactly when the contract has it, and may be left out when all its fields may. */
type Part<Name extends string, S> = S extends z.ZodType ? (object extends Given<S> ? { readonly [K in Name]?: Given<S> } : { readonly [K in Name]: Given<S> }) : { readonly [K in Name]?: never }
export type ApiInput<C extends RouteContract> = Part<'params', C['params']> & Part<'query', C['query']> & Part<'body', C['body']> & {
  /** For contracts that create: make one (`crypto.randomUUID()`) per intention, and keep it for its repetitions. */
  readonly idempotencyKey?: string
  /** For contracts that take a file. */
  readonly file?: Blob
}
export type ApiResult<C extends RouteContract> = C['response'] extends z.ZodType ? z.output<C['response']> : undefined
type InputArgument<C extends RouteContract> = Record<never, never> extends ApiInput<C> ? [input?: ApiInput<C>] : [input: ApiInput<C>]

/** What the server answers in `application/problem+json`; `title` is already in the reader's language. */
export interface ProblemData { readonly title: string, readonly status: number, readonly code: ErrorCode, readonly requestId: string, readonly errors?: readonly FieldError[], readonly params?: Readonly<Record<string, string | number>>, readonly retryAfterSeconds?: number }

/** The only error that `api()` throws. `title` is fit to be shown; `formErrors` fits `UForm`'s `setErrors`. */
export class ApiProblem extends Error {
  readonly data: ProblemData
  readonly statusCode: number
  constructor(data: ProblemData) {
    super(data.title)
    this.name = 'ApiProblem'
    this.data = data
    this.statusCode = data.status
  }

  get code(): ErrorCode { return this.data.code }
  get title(): string { return this.data.title }
  get requestId(): string { return this.data.requestId }
  get params(): Readonly<Record<string, string | number>> { return this.data.params ?? {} }
  get fields(): readonly FieldError[] { return this.data.errors ?? [] }
  /** Seconds to wait before trying again, when the server said so. */
  get retryAfterSeconds(): number | undefined { return this.data.retryAfterSeconds }
  get formErrors(): { name: string, message: string }[] { return this.fields.map(field => ({ name: field.path, message: field.message })) }
}

const isProblemData = (data: unknown): data is ProblemData => typeof data === 'object' && data !== null && 'code' in data && 'title' in data && 'status' in data

/** The problem inside any error: one thrown by `api()`, or the `error` of `useApiData`. Null for what is none. */
export function problemOf(error: unknown): ApiProblem | null {
  if (error instanceof ApiProblem) return error
  if (typeof error !== 'object' || error === null || !('data' in error)) return null
  const { data } = error
  return isProblemData(data) ? new ApiProblem(data) : null
}

type Send = (path: string, options: { method: RouteContract['method'], query?: object, body?: object, headers: Record<string, string>, retry: false, signal?: AbortSignal }) => Promise<unknown>

/** `/api/portal/orders/{id}` with its holes filled. */
export const pathOf = (contract: RouteContract, params: Readonly<Record<string, unknown>> = {}): string =>
  contract.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))

/**
 * The one way a page calls the API. Typed by the route's contract, also during server-side rendering (the visitor's cookie goes along):
 *
 *     import { placeOrder } from '#shared/contracts/portal.ts'
 *     const api = useApi()
 *     try {
 *       const order = await api(placeOrder, { body: state, idempotencyKey })
 *     } catch (error) {
 *       const problem = problemOf(error)
 *       if (problem) { form.value?.setErrors(problem.formErrors); toast.add({ title: problem.title, color: 'error' }) }
 *     }
 *
 * Call `useApi()` in `setup`, a plugin or a route middleware, not after an `await`. A caller whose session has ended is led to the
 * log-in page and comes back afterwards.
 * @throws ApiProblem, and nothing else: a dead line or an answer that is no problem+json becomes code `unavailable`.
 */
export function useApi() {
  const app = useNuxtApp()
  const send = useRequestFetch() as unknown as Send
  const language = () => app.$i18n.locale.value

  return async function api<const C extends RouteContract>(contract: C, ...[given]: InputArgument<C>): Promise<ApiResult<C>> {
    const input = (given ?? {}) as { params?: Record<string, unknown>, query?: object, body?: object, idempotencyKey?: string, file?: Blob }
    try {
      return await send(pathOf(contract, input.params), {
        method: contract.method, retry: false,
        headers: { 'accept': 'application/json', 'x-gardu-locale': language(), ...(input.idempotencyKey ? { 'idempotency-key': input.idempotencyKey } : {}), ...(input.file ? { 'content-type': 'application/octet-stream' } : {}) },
        ...(input.query ? { query: input.query } : {}), ...(contract.body ? { body: input.body ?? {} } : {}), ...(input.file ? { body: input.file } : {}),
      }) as ApiResult<C>
    } catch (error) {
      const problem = toApiProblem(error, app.$i18n.t('errors.unavailable'))
      if (import.meta.client && contract.access !== 'public' && (problem.code === 'unauthenticated' || problem.code === 'session_ended')) await app.runWithContext(() => leaveToLogin())
      throw problem
    }
  }
}

function toApiProblem(error: unknown, unavailable: string): ApiProblem {
  const response = typeof error === 'object' && error !== null && 'response' in error ? error.response as { headers?: Headers, status?: number } | undefined : undefined
  let data: unknown = typeof error === 'object' && error !== null && 'data' in error ? error.data : undefined
  if (typeof data === 'string') {
    try {
      data = JSON.parse(data)
    } catch {
      data = undefined
    }
  }
  const wait = Number(response?.headers?.get('retry-after'))
  if (isProblemData(data)) return new ApiProblem({ ...data, ...(wait > 0 ? { retryAfterSeconds: wait } : {}) })
  return new ApiProblem({ title: unavailable, status: response?.status ?? 503, code: 'unavailable', requestId: '' })
}

async function leaveToLogin() {
  useState<unknown>('auth-me').value = null
  const route = useRouter().currentRoute.value
  if (!route.path.includes('/auth/')) await navigateTo({ path: useLocalePath()('/auth/login'), query: { next: route.fullPath } })
}

/**
 * `useAsyncData` over `api()`: asked for on the server, handed to the browser in the page, asked again when the input changes.
 *
 *     const { data, error, status, refresh } = await useApiData(showInvoice, () => ({ params: { id: route.params.id } }))
 *     // problemOf(error.value)?.title · for a page that cannot be without it: if (error.value) throw createError({ ...error.value, fatal: true })
 *
 * `input` may be a value, a ref or a getter. `lazy: true` does not hold the navigation; `server: false` asks in the browser only (for
 * personal parts of a cached page).
 */
export function useApiData<const C extends RouteContract>(contract: C, input?: MaybeRefOrGetter<NonNullable<InputArgument<C>[0]>>, options: { lazy?: boolean, server?: boolean, immediate?: boolean } = {}) {
  const api = useApi() as (contract: RouteContract, input?: unknown) => Promise<unknown>
  const { locale } = useI18n()
  const key = computed(() => `${contract.method} ${contract.path} ${locale.value} ${JSON.stringify(toValue(input) ?? {})}`)
  return useAsyncData<ApiResult<C>, ProblemData>(key, () => api(contract, toValue(input)) as Promise<ApiResult<C>>, { deep: false, ...options })
}

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Ajv } from 'ajv'
import type { ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'

type Json = Record<string, unknown>
interface Parameter { readonly in: string, readonly name: string, readonly required?: boolean, readonly schema: Json }
interface Content { readonly content?: { readonly 'application/json'?: { readonly schema?: Json } } }
interface Operation { readonly parameters?: readonly Json[], readonly requestBody?: Content & { readonly required?: boolean }, readonly responses: Readonly<Record<string, Json>> }
type Spec = { readonly paths: Readonly<Record<string, Json>> }
interface Route { readonly pattern: RegExp, readonly names: readonly string[], readonly fixed: number, readonly path: string, readonly item: Json }

export interface Exchange { readonly method: string, readonly path: string, readonly headers: IncomingHttpHeaders, readonly request: string, readonly status: number, readonly response: string }
export interface Judge {
  /** Where drivers send to; everything is passed on to the simulator and back as it is. */
  readonly url: string
  /** What was not as the vendor's description says, with the request that it was. */
  readonly mismatches: readonly string[]
  /** `METHOD /path → status` of everything that was judged. */
  readonly judged: ReadonlySet<string>
  close(): Promise<void>
}

/** OpenAPI 3.0 says `exclusiveMinimum: true` beside a minimum; JSON Schema gives the bound itself. `closed`: of an object with listed fields no other is allowed. */
function toJsonSchema(node: unknown, closed: boolean): unknown {
  if (Array.isArray(node)) return node.map(item => toJsonSchema(item, closed))
  if (typeof node !== 'object' || node === null) return node
  const { exclusiveMinimum, ...rest } = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, toJsonSchema(value, closed)]))
  return {
    ...rest, ...(exclusiveMinimum === true ? { exclusiveMinimum: rest.minimum } : exclusiveMinimum === undefined ? {} : { exclusiveMinimum }),
    ...(closed && rest.type === 'object' && rest.properties && rest.additionalProperties === undefined ? { additionalProperties: false } : {}),
  }
}

/** Puts what `$ref`s name in their place: descriptions of interfaces are small, and none of ours refers to itself. */
function resolve<T>(node: T, spec: Json): T {
  if (Array.isArray(node)) return node.map(item => resolve(item as unknown, spec)) as T
  if (typeof node !== 'object' || node === null) return node
  const { $ref } = node as { $ref?: unknown }
  if (typeof $ref === 'string') return resolve($ref.slice(2).split('/').reduce<unknown>((at, step) => (at as Json)[step], spec), spec) as T
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(value as unknown, spec)])) as T
}

function routesOf(spec: Spec): Route[] {
  return Object.entries(spec.paths).map(([path, item]) => {
    const names = [...path.matchAll(/\{([^}]+)\}/g)].map(match => match[1] ?? '')
    const pattern = new RegExp(`^${path.split(/\{[^}]+\}/).map(text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('([^/]+)')}$`)
    return { pattern, names, fixed: path.replace(/\{[^}]+\}/g, '').length, path, item }
  })
}

/** Judges requests and answers by a vendor's OpenAPI 3.0 description. Of requests also fields that it does not list are told. */
export function openApiJudge(file: string): (exchange: Exchange) => { readonly label: string, readonly mismatches: string[] } {
  const raw = parse(readFileSync(file, 'utf8')) as Json
  const spec = resolve(raw, raw) as unknown as Spec
  const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false })
  addFormats.default(ajv)
  const compiled = new Map<string, ValidateFunction>()
  const check = (what: string, schema: Json | undefined, value: unknown, closed = false): string[] => {
    if (!schema) return []
    const key = `${closed} ${JSON.stringify(schema)}`
    const validate = compiled.get(key) ?? ajv.compile(toJsonSchema(schema, closed) as Json)
    compiled.set(key, validate)
    return validate(value) ? [] : (validate.errors ?? []).map(error => `${what}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`)
  }
  const jsonOf = (content: unknown) => (content as Content | undefined)?.content?.['application/json']?.schema
  const routes = routesOf(spec).sort((a, b) => b.fixed - a.fixed)

  return ({ method, path, headers, request, status, response }) => {
    const route = routes.find(candidate => candidate.pattern.test(path) && candidate.item[method.toLowerCase()])
    if (!route) return { label: `${method} ${path} → ${status}`, mismatches: [`${method} ${path} is not described`] }
    const operation = route.item[method.toLowerCase()] as Operation
    const values = route.pattern.exec(path)?.slice(1) ?? []
    const parameters = [...(route.item.parameters as Json[] | undefined ?? []), ...(operation.parameters ?? [])] as unknown as Parameter[]
    const mismatches = parameters.flatMap((parameter) => {
      const value = parameter.in === 'header' ? headers[parameter.name.toLowerCase()] : decodeURIComponent(values[route.names.indexOf(parameter.name)] ?? '')
      return value === undefined ? (parameter.required ? [`${parameter.in} ${parameter.name} is missing`] : []) : check(`${parameter.in} ${parameter.name}`, parameter.schema, value)
    })
    if (operation.requestBody?.required && request === '') mismatches.push('the request has no body')
    if (request !== '') mismatches.push(...check('request', jsonOf(operation.requestBody), JSON.parse(request), true))
    const described = operation.responses[String(status)] ?? operation.responses.default
    if (!described) mismatches.push(`status ${status} is not described`)
    else if (response !== '') mismatches.push(...check('response', jsonOf(described), JSON.parse(response)))
    const label = `${method} ${route.path} → ${status}`
    return { label, mismatches: mismatches.map(mismatch => `${label}: ${mismatch}`) }
  }
}

/** Stands between a driver and a simulator and judges what passes. */
export async function startJudge(file: string, target: string): Promise<Judge> {
  const judge = openApiJudge(file)
  const [mismatches, judged] = [[] as string[], new Set<string>()]
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', chunk => chunks.push(chunk as Buffer))
    incoming.on('end', () => void pass(Buffer.concat(chunks)))
    const pass = async (body: Buffer) => {
      const { method = 'GET', url = '/', headers } = incoming
      const { host: _, connection: __, 'content-length': ___, ...sent } = headers
      const reply = await fetch(new URL(url, target), { method, headers: sent as Record<string, string>, redirect: 'manual', ...(body.length > 0 ? { body: new Uint8Array(body) } : {}) })
      const response = await reply.text()
      const verdict = judge({ method, path: url.split('?')[0] ?? url, headers, request: body.toString(), status: reply.status, response })
      judged.add(verdict.label)
      mismatches.push(...verdict.mismatches)
      outgoing.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? 'application/json' }).end(response)
    }
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, mismatches, judged,
    close: () => new Promise<void>((done) => {
      server.closeAllConnections()
      server.close(() => done())
    }),
  }
}

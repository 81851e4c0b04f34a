import { z } from 'zod'
import { allContracts } from '#shared/contracts/index.ts'
import type { RouteContract } from '#shared/contracts/contract.ts'
import { errorCodes } from '#shared/errors/codes.ts'

type Json = Record<string, unknown>

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }) as Json
  return json
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return []
  const json = schemaOf(schema, 'input') as { properties?: Record<string, Json>, required?: string[] }
  return Object.entries(json.properties ?? {}).map(([name, property]) => ({ name, in: place, required: place === 'path' || (json.required ?? []).includes(name), schema: property }))
}

const problem = { description: 'The request failed; the body says why', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }

function operation(contract: RouteContract): Json {
  const status = String(contract.status ?? 200)
  const type = contract.produces ?? 'application/json'
  const content = contract.response ? { 'application/json': { schema: schemaOf(contract.response, 'output') } } : contract.produces ? { [type]: { schema: { type: 'string' } } } : undefined
  const idempotency = { name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', maxLength: 200 }, description: 'A repetition with the same key and body gets the first answer and has no second effect' }
  const open = contract.access === 'public' || contract.access === 'gateway' || contract.access === 'demo'
  return {
    'operationId': `${contract.method.toLowerCase()}${contract.path.replace(/\{(\w+)\}/g, 'By-$1').replace(/[^a-zA-Z0-9]+(\w)?/g, (_, letter?: string) => (letter ?? '').toUpperCase())}`,
    'summary': contract.summary, 'tags': [contract.tag], 'x-access': contract.access,
    'security': open ? [] : [{ bearer: [] }, { session: [] }],
    'parameters': [...parametersOf(contract.params, 'path'), ...parametersOf(contract.query, 'query'), ...(contract.creates ? [idempotency] : [])],
    ...(contract.body ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(contract.body, 'input') } } } } : {}),
    ...(contract.accepts ? { requestBody: { required: true, content: Object.fromEntries(contract.accepts.types.map(type => [type, { schema: { type: 'string', format: 'binary' } }])) } } : {}),
    'responses': { [status]: { description: contract.status === 204 ? 'Done' : 'The answer', ...(content ? { content } : {}) }, default: problem },
  }
}

/** The OpenAPI 3.1 document of every route, made from the very contracts that validate. */
export function openApiDocument(baseUrl: string): Json {
  const paths: Record<string, Json> = {}
  for (const contract of allContracts) paths[contract.path] = { ...paths[contract.path], [contract.method.toLowerCase()]: operation(contract) }
  return {
    openapi: '3.1.0',
    info: { title: 'Gardu', version: '1', description: 'The API of a hosting business. Log in at `/api/auth/login` and send the access token as Bearer.' },
    servers: [{ url: baseUrl }],
    tags: [...new Set(allContracts.map(contract => contract.tag))].map(name => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, session: { type: 'apiKey', in: 'cookie', name: 'nuxt-session' } },
      schemas: {
        Problem: {
          type: 'object', required: ['type', 'title', 'status', 'code', 'requestId'],
          properties: {
            type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' }, code: { type: 'string', enum: Object.keys(errorCodes) }, requestId: { type: 'string' }, params: { type: 'object' },
            errors: { type: 'array', items: { type: 'object', required: ['path', 'code', 'message'], properties: { path: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } } } },
          },
        },
      },
    },
  }
}

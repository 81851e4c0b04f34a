import { globSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { allContracts } from '#shared/contracts/index.ts'
import { openApiDocument } from '#server/platform/openapi.ts'

const name = (method: string, path: string) => `${method} ${path}`

/** `server/api/portal/orders/[id].get.ts` serves `GET /api/portal/orders/{id}`. */
function routeOfFile(file: string): string {
  const [, path = '', method = ''] = /^server(\/.+?)(?:\.(get|post|put|patch|delete))\.ts$/.exec(file.replaceAll('\\', '/')) ?? []
  return name(method.toUpperCase(), path.replace(/\/index$/, '').replace(/\[(\w+)\]/g, '{$1}'))
}

describe('the OpenAPI document', () => {
  const files = globSync('server/api/**/*.ts').filter(file => !file.includes('[...')).map(routeOfFile).sort()
  const contracts = allContracts.map(contract => name(contract.method, contract.path)).sort()

  it('has every route that is served', () => {
    expect(files.filter(route => !contracts.includes(route))).toEqual([])
  })

  it('promises no route that is not served', () => {
    expect(contracts.filter(route => !files.includes(route))).toEqual([])
  })

  it('describes each contract once, with an access decision, parameters and an answer', () => {
    const document = openApiDocument('https://gardu.test') as { openapi: string, paths: Record<string, Record<string, { 'x-access': string, 'operationId': string, 'parameters': { name: string, in: string }[], 'responses': object }>> }
    const operations = Object.values(document.paths).flatMap(path => Object.values(path))
    expect(document.openapi).toBe('3.1.0')
    expect(operations).toHaveLength(allContracts.length)
    expect(new Set(operations.map(operation => operation.operationId)).size).toBe(allContracts.length)
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation['x-access']).toBeTruthy()
        expect(Object.keys(operation.responses).length).toBeGreaterThan(1)
        for (const [, parameter] of path.matchAll(/\{(\w+)\}/g)) expect(operation.parameters).toContainEqual(expect.objectContaining({ name: parameter, in: 'path' }))
      }
    }
  })

  it('every public write is rate limited', () => {
    expect(allContracts.filter(c => c.access === 'public' && c.method !== 'GET' && !c.rateLimit).map(c => name(c.method, c.path))).toEqual([])
  })
})

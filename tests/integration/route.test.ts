import { request } from 'node:http'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { contract } from '#shared/contracts/contract.ts'
import { AppError } from '#shared/errors/codes.ts'
import { accesses, mayPass, roles } from '#shared/vocabulary/roles.ts'
import { defineRoute, unknownRoute } from '#server/platform/http.ts'
import type { UserActor } from '#server/platform/http.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { until } from '../support/journey.ts'

const create = contract({ method: 'POST', path: '/api/things', access: 'user', tag: 'test', summary: 'create', creates: true, status: 201, body: z.object({ name: z.string().min(2), size: z.number().optional() }), response: z.object({ id: z.string(), name: z.string() }) })
const open = contract({ method: 'POST', path: '/api/open', access: 'public', tag: 'test', summary: 'open', body: z.object({ email: z.string() }), response: z.object({}), rateLimit: { limit: 3, seconds: 60, by: 'email' } })
const show = contract({ method: 'GET', path: '/api/things/{id}', access: 'public', tag: 'test', summary: 'show', params: z.object({ id: z.uuid() }), response: z.object({ id: z.string() }) })
const broken = contract({ method: 'GET', path: '/api/broken', access: 'public', tag: 'test', summary: 'broken', response: z.object({}) })
const away = contract({ method: 'GET', path: '/api/away', access: 'public', tag: 'test', summary: 'away', response: z.object({}) })
const leaky = contract({ method: 'GET', path: '/api/leaky', access: 'public', tag: 'test', summary: 'leaky', response: z.object({ name: z.string() }) })

describe.each(databaseKinds())('a route on %s', (kind) => {
  let test: TestApp
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let made = 0
  let actor: UserActor | null = null
  let byCookie = false
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    server = await serveRoutes(test.app, [
      ['post', create.path, defineRoute(create, ({ body }) => ({ id: String(++made), name: body.name, passwordHash: 'leak' }))],
      ['post', open.path, defineRoute(open, () => ({}))],
      ['get', show.path, defineRoute(show, ({ params }) => ({ id: params.id }))],
      ['get', broken.path, defineRoute(broken, () => Promise.reject(new Error('row 7 of table users')))],
      ['get', away.path, defineRoute(away, () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:5432'), { code: 'ECONNREFUSED' })))],
      ['get', leaky.path, defineRoute(leaky, () => ({ name: 'Budi', passwordHash: 'leak' }) as { name: string })],
      ...(['get', 'put'] as const).map(method => [method, '/api/**', unknownRoute] as ['get' | 'put', string, typeof unknownRoute]),
    ], (event) => {
      event.context.actor = actor
      event.context.actorByCookie = byCookie
    })
  })
  afterAll(async () => {
    await server.close()
    await test.close()
  })
  beforeEach(() => {
    actor = { kind: 'user', id: '01900000-0000-7000-8000-000000000001', name: 'Budi', role: 'client' }
    byCookie = false
  })
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) => fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) })

  it('creates once for one Idempotency-Key, and gives the first answer again', async () => {
    const before = made
    const first = await post('/api/things', { name: 'satu' }, { 'idempotency-key': `k1-${kind}` })
    const again = await post('/api/things', { name: 'satu' }, { 'idempotency-key': `k1-${kind}` })
    expect([first.status, again.status]).toEqual([201, 201])
    expect(await again.json()).toEqual(await first.json())
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(made).toBe(before + 1)
  })

  it('of twenty equal requests at once one creates', async () => {
    const before = made
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('/api/things', { name: 'dua' }, { 'idempotency-key': `k2-${kind}` })))
    expect(made).toBe(before + 1)
    expect(answers.map(answer => answer.status).filter(status => status !== 201 && status !== 409)).toEqual([])
  })

  it('refuses a key that was used for another request', async () => {
    await post('/api/things', { name: 'tiga' }, { 'idempotency-key': `k3-${kind}` })
    const other = await post('/api/things', { name: 'empat' }, { 'idempotency-key': `k3-${kind}` })
    expect([other.status, (await other.json()).code]).toEqual([422, 'idempotency_key_reused'])
  })

  it('lets a key be used again after a request that failed', async () => {
    expect((await post('/api/things', { name: 'x' }, { 'idempotency-key': `k4-${kind}` })).status).toBe(422)
    expect((await post('/api/things', { name: 'lima' }, { 'idempotency-key': `k4-${kind}` })).status).toBe(201)
  })

  it('an answer whose key cannot be settled is given all the same, and settled as soon as the database takes it: nothing is done twice', async () => {
    const { executor } = test.app.core.database
    const before = made
    await executor.execute(sql`create function away() returns trigger language plpgsql as $$ begin raise exception 'the database system is starting up' using errcode = '57P03'; end $$`)
    await executor.execute(sql`create trigger away before update or delete on idempotency_keys for each row execute function away()`)
    const first = await post('/api/things', { name: 'lima' }, { 'idempotency-key': `k5-${kind}` })
    expect(first.status).toBe(201)
    const failed = await post('/api/things', { name: 'x' }, { 'idempotency-key': `k6-${kind}` })
    expect(failed.status).toBe(422)
    await executor.execute(sql`drop function away() cascade`)
    const again = await until('the key is settled', () => post('/api/things', { name: 'lima' }, { 'idempotency-key': `k5-${kind}` }), reply => reply.status === 201)
    expect([again.headers.get('idempotent-replayed'), await again.json()]).toEqual(['true', await first.json()])
    expect(made).toBe(before + 1)
  })

  it('a database or Redis that is away is told as 503 with Retry-After, in the language asked for', async () => {
    const answer = await fetch(`${server.url}/api/away`, { headers: { 'x-gardu-locale': 'en' } })
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual([503, '5', 'application/problem+json; charset=utf-8'])
    expect(await answer.json()).toMatchObject({ code: 'unavailable', title: expect.stringMatching(/nothing was lost.*try again/i) as string })
  })

  it('answers malformed JSON with 400 and its code', async () => {
    const answer = await post('/api/things', '{"name":')
    expect([answer.status, answer.headers.get('content-type'), (await answer.json()).code]).toEqual([400, 'application/problem+json; charset=utf-8', 'malformed_json'])
  })

  it('refuses a body over 1 MiB, announced or not', async () => {
    const big = JSON.stringify({ name: 'x'.repeat(1_100_000) })
    expect((await post('/api/things', big)).status).toBe(413)
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const out = request(`${server.url}/api/things`, { method: 'POST', headers: { 'content-type': 'application/json' } }, response => resolve(response.statusCode))
      out.on('error', reject)
      out.write(big.slice(0, 600_000))
      out.end(big.slice(600_000))
    })
    expect(chunked).toBe(413)
  })

  it('tells each wrong field, in the language asked for', async () => {
    const english = await (await post('/api/things', { name: 'x', size: 'big' }, { 'accept-language': 'en' })).json()
    const indonesian = await (await post('/api/things', { name: 'x' }, { 'x-gardu-locale': 'id' })).json()
    expect(english).toMatchObject({ code: 'invalid_input', title: 'Some fields need another look.', errors: [{ path: 'name' }, { path: 'size' }] })
    expect(indonesian.title).toBe('Beberapa isian perlu diperbaiki.')
    expect(indonesian.errors[0].message).not.toBe(english.errors[0].message)
    expect(english.requestId).toBeTruthy()
  })

  it('does not tell what failed inside, only that it did and under which id', async () => {
    const answer = await fetch(`${server.url}/api/broken`)
    const text = await answer.text()
    expect(answer.status).toBe(500)
    expect(text).not.toContain('table users')
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', requestId: answer.headers.get('x-request-id') })
  })

  it('strips what its contract does not promise', async () => {
    expect(await (await fetch(`${server.url}/api/leaky`)).json()).toEqual({ name: 'Budi' })
  })

  it('answers an id that cannot exist like one that does not', async () => {
    const answer = await fetch(`${server.url}/api/things/1%20or%201=1`)
    expect([answer.status, (await answer.json()).code]).toEqual([404, 'not_found'])
  })

  it('refuses a write by cookie that does not come from our own pages', async () => {
    byCookie = true
    expect((await post('/api/things', { name: 'enam' }, { origin: 'https://evil.test' })).status).toBe(403)
    expect((await post('/api/things', { name: 'enam' })).status).toBe(403)
    expect((await post('/api/things', { name: 'enam' }, { origin: server.url })).status).toBe(201)
    byCookie = false
    expect((await post('/api/things', { name: 'tujuh' })).status).toBe(201)
  })

  it('limits tries per account as well as per address', async () => {
    const codes = []
    for (let i = 0; i < 4; i++) codes.push((await post('/api/open', { email: `a-${kind}@contoh.test` })).status)
    expect(codes).toEqual([200, 200, 200, 429])
    expect((await post('/api/open', { email: `b-${kind}@contoh.test` })).status).toBe(200)
    const limited = await post('/api/open', { email: `a-${kind}@contoh.test` })
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('asks the anonymous to log in and tells the wrong role so', async () => {
    actor = null
    expect((await post('/api/things', { name: 'delapan' })).status).toBe(401)
  })

  it('answers unknown addresses with the one 404, and a wrong method with 405 and what is allowed', async () => {
    expect((await fetch(`${server.url}/api/nothing`)).status).toBe(404)
    const wrong = await fetch(`${server.url}/api/auth/login`, { method: 'PUT' })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('access', () => {
  it('is denied to everybody whom no rule lets pass (CVE-2026-27604)', () => {
    const passing = Object.fromEntries(accesses.map(access => [access, [undefined, ...roles].filter(role => mayPass(access, role)).map(role => role ?? 'anonymous').join(' ')]))
    const everybody = 'anonymous client sysadmin business finance owner'
    expect(passing).toEqual({
      public: everybody, gateway: everybody, demo: everybody, user: 'client sysadmin business finance owner', client: 'client',
      staff: 'sysadmin business finance owner', sysadmin: 'sysadmin owner', business: 'business owner', finance: 'finance owner', sales: 'business finance owner', owner: 'owner',
    })
  })

  it('an error carries its HTTP status', () => expect(new AppError('not_found').status).toBe(404))
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventHandler, H3Event } from 'h3'
import { allContracts } from '#shared/contracts/index.ts'
import { isApiClient, proveCaller } from '#server/platform/session.ts'
import login from '../../server/api/auth/login.post.ts'
import logout from '../../server/api/auth/logout.post.ts'
import me from '../../server/api/auth/me.get.ts'
import refresh from '../../server/api/auth/refresh.post.ts'
import register from '../../server/api/auth/register.post.ts'
import session from '../../server/api/auth/session.get.ts'
import { databaseKinds, startTestApp, testClock } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'

const password = 'kopi-tubruk-pagi-7'
const machine = { 'accept': 'application/json', 'content-type': 'application/json' }
let counter = 0

describe.each(databaseKinds())('the caller of a request on %s', (kind) => {
  let test: TestApp
  let server: Awaited<ReturnType<typeof serveRoutes>>
  const wall = testClock('2026-11-02T03:00:00Z')
  let inward: string[] = []
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, wallClock: wall })
    const routes: [method: 'get' | 'post', path: string, handler: EventHandler][] = [['post', '/api/auth/login', login], ['post', '/api/auth/logout', logout], ['get', '/api/auth/me', me], ['get', '/api/auth/session', session], ['post', '/api/auth/refresh', refresh], ['post', '/api/auth/register', register]]
    server = await serveRoutes(test.app, routes, async (event: H3Event) => {
      await proveCaller(event, test.app, { mayRenew: event.node.req.headers['x-inward'] !== '1' })
      inward.push(event.node.req.headers.cookie ?? '')
    })
  })
  afterAll(async () => {
    await server.close()
    await test.close()
  })
  const member = async () => {
    const email = `sesi-${++counter}@pelanggan.test`
    const id = test.app.core.newId()
    await test.app.core.read.users.insert({ id, email, name: 'Sri', passwordHash: await test.app.core.passwords.hash(password), role: 'client', locale: 'id', emailVerifiedAt: wall.now(), totpSecret: null, totpEnabledAt: null, createdAt: wall.now() })
    return { id, email }
  }
  const post = (path: string, body: unknown, headers: Record<string, string>) => fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  const browser = (cookie?: string) => ({ accept: 'application/json', origin: server.url, ...(cookie ? { cookie } : {}) })
  const cookieOf = (response: Response) => response.headers.getSetCookie().map(line => line.split(';')[0] ?? '').find(pair => pair.startsWith('nuxt-session='))
  const signIn = async () => {
    const user = await member()
    const response = await post('/api/auth/login', { email: user.email, password }, browser())
    return { ...user, response, cookie: cookieOf(response) ?? '' }
  }
  const read = (path: string, headers: Record<string, string>) => fetch(server.url + path, { headers })

  it('a browser gets the sealed cookie alone: httpOnly, SameSite=Lax, and no token anywhere', async () => {
    const { response, cookie } = await signIn()
    const line = response.headers.getSetCookie().join('\n')
    expect(line).toMatch(/HttpOnly/)
    expect(line).toMatch(/SameSite=Lax/)
    expect(line).not.toMatch(/Secure/)
    expect(Object.keys(await response.json() as object)).toEqual(['user'])
    expect(cookie).not.toMatch(/eyJ/)
    expect((await read('/api/auth/me', { cookie })).status).toBe(200)
  })

  it('an API client gets the tokens and no cookie', async () => {
    const { email } = await member()
    const response = await post('/api/auth/login', { email, password }, machine)
    const body = await response.json() as { accessToken: string, refreshToken: string, expiresIn: number }
    expect(body).toMatchObject({ accessToken: expect.any(String) as string, refreshToken: expect.any(String) as string, expiresIn: 900 })
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await read('/api/auth/me', { authorization: `Bearer ${body.accessToken}` })).status).toBe(200)
    wall.advance(901_000)
    expect((await read('/api/auth/me', { authorization: `Bearer ${body.accessToken}` })).status).toBe(401)
    const renewed = await (await post('/api/auth/refresh', { refreshToken: body.refreshToken }, machine)).json() as { accessToken: string }
    expect((await read('/api/auth/me', { authorization: `Bearer ${renewed.accessToken}` })).status).toBe(200)
  })

  it('attack: a page of another site cannot make itself an API client', () => {
    const event = (headers: Record<string, string>) => ({ node: { req: { headers } }, headers: new Headers(headers) }) as unknown as H3Event
    expect(isApiClient(event({ accept: 'application/json' }))).toBe(true)
    for (const header of [{ origin: 'https://jahat.test' }, { cookie: 'a=b' }, { 'sec-fetch-site': 'same-origin' }] as Record<string, string>[]) expect(isApiClient(event({ accept: 'application/json', ...header }))).toBe(false)
    expect(isApiClient(event({ accept: 'text/html' }))).toBe(false)
  })

  it('a lapsed access token is renewed once on the outer request, and what renders behind it brings the new cookie', async () => {
    const { cookie } = await signIn()
    wall.advance(901_000)
    inward = []
    const renewed = await read('/api/auth/me', { cookie, 'x-other': '1' })
    expect(renewed.status).toBe(200)
    const fresh = cookieOf(renewed) ?? ''
    expect(fresh).not.toBe(cookie)
    expect(inward).toEqual([fresh])
    const again = await read('/api/auth/me', { cookie: fresh })
    expect([again.status, again.headers.getSetCookie().length]).toEqual([200, 0])
    wall.advance(60_000)
    expect((await read('/api/auth/me', { cookie: fresh })).status).toBe(200)
  })

  it('a fetch made while rendering never renews: its cookie would reach no browser', async () => {
    const { cookie } = await signIn()
    wall.advance(901_000)
    const inner = await read('/api/auth/session', { cookie, 'x-inward': '1' })
    expect([await inner.json(), inner.headers.getSetCookie()]).toEqual([{ user: null }, []])
    wall.advance(60_000)
    expect((await read('/api/auth/me', { cookie })).status).toBe(200)
  })

  it('five tabs with a lapsed cookie all stay signed in', async () => {
    const { cookie } = await signIn()
    wall.advance(901_000)
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => read('/api/auth/me', { cookie })))
    expect(answers.map(answer => answer.status)).toEqual([200, 200, 200, 200, 200])
    for (const answer of answers) expect((await read('/api/auth/me', { cookie: cookieOf(answer) ?? '' })).status).toBe(200)
  })

  it('logging out ends the session at once, for copies of the cookie too, and removes the cookie', async () => {
    const { cookie } = await signIn()
    const out = await post('/api/auth/logout', {}, browser(cookie))
    expect([out.status, cookieOf(out)]).toEqual([204, 'nuxt-session='])
    expect((await read('/api/auth/me', { cookie })).status).toBe(401)
  })

  it('attack: a write by cookie from another site is refused (5a62b8b)', async () => {
    const { cookie } = await signIn()
    for (const headers of [{ cookie, origin: 'https://jahat.test' }, { cookie, origin: 'null' }, { cookie }, { cookie, 'sec-fetch-site': 'cross-site' }] as Record<string, string>[]) expect((await post('/api/auth/logout', {}, headers)).status).toBe(403)
    expect((await read('/api/auth/me', { cookie })).status).toBe(200)
  })

  it('attack: a made-up or changed cookie proves nothing', async () => {
    const { cookie } = await signIn()
    for (const forged of ['nuxt-session=abc', `${cookie.slice(0, -4)}AAAA`, 'nuxt-session=eyJhbGciOiJub25lIn0.e30.']) expect((await read('/api/auth/me', { cookie: forged })).status).toBe(401)
    expect((await read('/api/auth/me', { 'x-nuxt-session-session': cookie.split('=')[1] ?? '' })).status).toBe(401)
  })

  it('who is not signed in gets no cookie', async () => {
    const answer = await read('/api/auth/session', {})
    expect([await answer.json(), answer.headers.getSetCookie()]).toEqual([{ user: null }, []])
  })

  it('attack: rate limit keys ignore the case of the address (42fc043)', async () => {
    const email = `limit-${kind}@pelanggan.test`
    const statuses = []
    for (let i = 0; i < 12; i++) statuses.push((await post('/api/auth/register', { name: 'Sri Rahayu', email: i % 2 ? email.toUpperCase() : ` ${email}`, password: 'lemah' }, machine)).status)
    expect(statuses.slice(0, 10).every(status => status === 422)).toBe(true)
    expect(statuses.slice(10)).toEqual([429, 429])
  })
})

describe('the table of limits', () => {
  it('attack: every public write has a rate limit, and those that name an account count it by its address (CVE-2026-43926, CVE-2026-31052)', () => {
    const writes = allContracts.filter(contract => contract.access === 'public' && contract.method !== 'GET')
    expect(writes.length).toBeGreaterThan(6)
    for (const contract of writes) {
      expect(contract.rateLimit, contract.path).toBeDefined()
      const body = contract.body
      if (body && 'shape' in body && 'email' in (body.shape as object)) expect(contract.rateLimit?.by, contract.path).toBe('email')
    }
  })
})

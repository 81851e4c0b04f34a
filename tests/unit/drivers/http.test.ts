import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { DriverError } from '#shared/errors/driver-error.ts'
import { createHttpClient, isForbiddenAddress } from '#server/drivers/http.ts'
import type { HttpClient, HttpClientOptions } from '#server/drivers/http.ts'

const pem = (name: string) => readFileSync(new URL(`../../support/certificates/${name}.pem`, import.meta.url), 'utf8')
const certificate = pem('certificate')
const pinOf = (text: string) => new X509Certificate(text).fingerprint256

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})
async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }) })
  return (server.address() as AddressInfo).port
}
const plain = async (listener: RequestListener) => `http://127.0.0.1:${await listen(createHttp(listener))}`
const secured = async (listener: RequestListener) => `https://127.0.0.1:${await listen(createHttps({ key: pem('key'), cert: certificate }, listener))}`
function client(options: Omit<HttpClientOptions, 'name'>): HttpClient {
  const made = createHttpClient({ name: 'Remote', ...options })
  open.push(made)
  return made
}
const failureOf = async (work: Promise<unknown>): Promise<DriverError> => {
  const error = await work.then(() => null, (thrown: unknown) => thrown)
  if (!(error instanceof DriverError)) throw new Error(`a DriverError was expected, got ${String(error)}`)
  return error
}

describe('outbound HTTP: trust', () => {
  it('a certificate other than the pinned one is refused before any request is sent', async () => {
    let requests = 0
    const baseUrl = await secured((_, reply) => void (requests++, reply.end('{}')))
    const error = await failureOf(client({ baseUrl, tls: { mode: 'fingerprint', fingerprint: pinOf(pem('other-certificate')) }, headers: { authorization: 'secret' } }).request({ method: 'GET', path: '/' }))
    expect(error.kind).toBe('action_required')
    expect(error.message).toContain(pinOf(certificate))
    expect(requests).toBe(0)
  })
  it('the pinned certificate is accepted, self-signed as it is', async () => {
    const baseUrl = await secured((_, reply) => reply.end('yes'))
    expect(await client({ baseUrl, tls: { mode: 'fingerprint', fingerprint: pinOf(certificate) } }).request({ method: 'POST', path: '/', form: { a: '1' } })).toMatchObject({ status: 200, body: 'yes' })
  })
  it('a certificate signed by the own CA is accepted', async () => {
    const baseUrl = await secured((_, reply) => reply.end('yes'))
    expect(await client({ baseUrl, tls: { mode: 'ca', caPem: certificate } }).request({ method: 'GET', path: '/' })).toMatchObject({ status: 200 })
  })
  it('an unknown CA is refused: there is no silent way around it', async () => {
    const baseUrl = await secured((_, reply) => reply.end('no'))
    expect(await failureOf(client({ baseUrl }).request({ method: 'GET', path: '/' }))).toMatchObject({ kind: 'action_required', who: 'sysadmin' })
  })
})

describe('outbound HTTP: outcomes', () => {
  it('a refused connection means that nothing happened: retryable, for a write too', async () => {
    const port = await listen(createHttp())
    await open.splice(0)[0]?.close()
    expect((await failureOf(client({ baseUrl: `http://127.0.0.1:${port}` }).request({ method: 'POST', path: '/', form: {} }))).kind).toBe('retryable')
  })
  it('a name that cannot be resolved is retryable', async () => {
    expect((await failureOf(client({ baseUrl: 'http://nowhere.invalid:8006', readRetries: 0 }).request({ method: 'POST', path: '/' }))).kind).toBe('retryable')
  })
  it('a write that is not answered in time has an unknown outcome', async () => {
    const baseUrl = await plain(() => {})
    expect((await failureOf(client({ baseUrl, totalMilliseconds: 100 }).request({ method: 'POST', path: '/', form: {} }))).kind).toBe('unknown_outcome')
  })
  it('a read that is not answered in time is retryable and not repeated by itself', async () => {
    let requests = 0
    const baseUrl = await plain(() => void requests++)
    expect((await failureOf(client({ baseUrl, totalMilliseconds: 100 }).request({ method: 'GET', path: '/' }))).kind).toBe('retryable')
    expect(requests).toBe(1)
  })
  it('a write whose connection breaks after sending is sent once and has an unknown outcome', async () => {
    let requests = 0
    const baseUrl = await plain(request => void (requests++, request.socket.destroy()))
    expect((await failureOf(client({ baseUrl }).request({ method: 'PUT', path: '/', form: {} }))).kind).toBe('unknown_outcome')
    expect(requests).toBe(1)
  })
  it('a read whose connection breaks is sent again', async () => {
    let requests = 0
    const baseUrl = await plain((request, reply) => ++requests < 3 ? void request.socket.destroy() : void reply.end('third'))
    expect(await client({ baseUrl }).request({ method: 'GET', path: '/' })).toMatchObject({ body: 'third' })
    expect(requests).toBe(3)
  })
  it('any status is answered with its text, because some remotes put their message there', async () => {
    const baseUrl = await plain((_, reply) => void (reply.writeHead(500, 'VM 100 is locked (clone)'), reply.end('{"data":null}')))
    expect(await client({ baseUrl }).request({ method: 'GET', path: '/' })).toMatchObject({ status: 500, statusText: 'VM 100 is locked (clone)', body: '{"data":null}' })
  })
  it('a redirect is not followed: credentials go nowhere else', async () => {
    let requests = 0
    const baseUrl = await plain((_, reply) => void (requests++, reply.writeHead(302, { location: '/other' }), reply.end()))
    expect(await client({ baseUrl, headers: { authorization: 'secret' } }).request({ method: 'GET', path: '/' })).toMatchObject({ status: 302 })
    expect(requests).toBe(1)
  })
  it('a form is sent with its length, never chunked', async () => {
    let seen: unknown
    const baseUrl = await plain((request, reply) => {
      let body = ''
      request.on('data', chunk => body += chunk)
      request.on('end', () => {
        seen = { body, length: request.headers['content-length'], type: request.headers['content-type'], encoding: request.headers['transfer-encoding'] }
        reply.end()
      })
    })
    await client({ baseUrl }).request({ method: 'POST', path: '/', form: { name: 'a b', ip: '10.0.0.1/24' } })
    expect(seen).toEqual({ body: 'name=a+b&ip=10.0.0.1%2F24', length: '25', type: 'application/x-www-form-urlencoded', encoding: undefined })
  })
  it('an endless answer is cut off', async () => {
    const baseUrl = await plain((_, reply) => void reply.end('x'.repeat(200_000)))
    expect((await failureOf(client({ baseUrl, maxBytes: 1000, readRetries: 0 }).request({ method: 'GET', path: '/' }))).kind).toBe('retryable')
  })
})

describe('outbound HTTP: attacks', () => {
  it.each(['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', 'fd00:ec2::254', '100.100.100.200', '0.0.0.0', '::'])('SSRF: %s is never spoken to', (address) => {
    expect(isForbiddenAddress(address)).toBe(true)
  })
  it.each(['10.0.0.5', '192.168.1.10', '127.0.0.1', '203.0.113.9', 'fd12::1'])('hypervisors may live at %s', (address) => {
    expect(isForbiddenAddress(address)).toBe(false)
  })
  it.each(['http://169.254.169.254', 'http://0xA9FEA9FE', 'http://2852039166', 'http://[::ffff:a9fe:a9fe]'])('SSRF: %s is refused before a connection is made', async (baseUrl) => {
    expect((await failureOf(client({ baseUrl, readRetries: 0 }).request({ method: 'GET', path: '/latest/meta-data/' }))).message).toContain('refused')
  })
  it('D24: credentials do not come out of a message, not even when the remote echoes them', async () => {
    const made = client({ baseUrl: 'http://127.0.0.1:1', secrets: ['uuid-of-the token'], readRetries: 0 })
    expect(made.redact('invalid token uuid-of-the token / uuid-of-the%20token')).toBe('invalid token [redacted] / [redacted]')
    expect(JSON.stringify(await failureOf(made.request({ method: 'POST', path: '/', headers: { authorization: 'uuid-of-the token' } })))).not.toContain('uuid-of')
  })
})

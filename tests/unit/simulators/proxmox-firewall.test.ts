import { afterEach, describe, expect, test } from 'vitest'
import { startProxmoxSimulator } from '../../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../../simulators/proxmox/index.ts'

const open: ProxmoxSimulator[] = []
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close()
})
async function start() {
  const simulator = await startProxmoxSimulator({ tls: false })
  open.push(simulator)
  const call = async (method: string, path: string, params: Record<string, string> = {}, token = simulator.token) => {
    const form = new URLSearchParams(params).toString()
    const inBody = method === 'POST' || method === 'PUT'
    const reply = await fetch(`${simulator.url}/api2/json${path}${!inBody && form ? `?${form}` : ''}`, { method, headers: { authorization: `PVEAPIToken=${token.id}=${token.secret}`, ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) }, ...(inBody ? { body: form } : {}) })
    return { status: reply.status, statusText: reply.statusText, ...await reply.json() as { data?: never, errors?: Record<string, string> } }
  }
  await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', { newid: '101', full: '1' })
  const machine = '/nodes/pve-jkt1/qemu/101'
  const members = async () => ((await call('GET', `${machine}/firewall/ipset/ipfilter-net0`)).data as unknown as { cidr: string }[]).map(entry => entry.cidr)
  return { simulator, call, machine, at: `${machine}/firewall`, members }
}

describe('firewall of a machine', () => {
  test('options are kept, read as numbers with a digest, and an unknown one is refused', async () => {
    const { call, at } = await start()
    expect((await call('GET', `${at}/options`)).data).toEqual({ digest: expect.any(String) as string })
    expect(await call('PUT', `${at}/options`, { enable: '1', policy_in: 'ACCEPT', ipfilter: '1' })).toMatchObject({ status: 200, data: null })
    expect((await call('GET', `${at}/options`)).data).toMatchObject({ enable: 1, policy_in: 'ACCEPT', ipfilter: 1 })
    expect(await call('PUT', `${at}/options`, { enabled: '1' })).toMatchObject({ status: 400, errors: { enabled: 'property is not defined in schema and the schema does not allow additional properties' } })
    expect(await call('PUT', `${at}/options`, { policy_in: 'ALLOW' })).toMatchObject({ status: 400, errors: { policy_in: 'value \'ALLOW\' does not have a value in the enumeration \'ACCEPT, REJECT, DROP\'' } })
  })
  test('a set that does not exist is 500, one that exists already is 400 by parameter', async () => {
    const { call, at } = await start()
    expect(await call('GET', `${at}/ipset/ipfilter-net0`)).toMatchObject({ status: 500, statusText: 'no such IPSet \'ipfilter-net0\'' })
    expect(await call('POST', `${at}/ipset`, { name: 'ipfilter-net0' })).toMatchObject({ status: 200, data: null })
    expect(await call('POST', `${at}/ipset`, { name: 'ipfilter-net0' })).toMatchObject({ status: 400, statusText: 'Parameter verification failed.', errors: { name: 'IPSet \'ipfilter-net0\' already exists' } })
    expect((await call('GET', `${at}/ipset`)).data).toMatchObject([{ name: 'ipfilter-net0' }])
  })
  test('members are added once, networks are removed by their encoded name, a missing one silently', async () => {
    const { call, at, members } = await start()
    await call('POST', `${at}/ipset`, { name: 'ipfilter-net0' })
    for (const cidr of ['203.0.113.10/32', '203.0.113.0/24']) expect((await call('POST', `${at}/ipset/ipfilter-net0`, { cidr })).status).toBe(200)
    expect(await members()).toEqual(['203.0.113.0/24', '203.0.113.10'])
    expect(await call('POST', `${at}/ipset/ipfilter-net0`, { cidr: '203.0.113.10' })).toMatchObject({ status: 400, errors: { cidr: 'address \'203.0.113.10\' already exists' } })
    expect(await call('POST', `${at}/ipset/ipfilter-net0`, { cidr: '0.0.0.0/0' })).toMatchObject({ status: 400, errors: { cidr: 'a zero prefix is not allowed in ipset entries' } })
    expect((await call('POST', `${at}/ipset/ipfilter-net0`, { cidr: '203.0.113' })).errors?.cidr).toContain('valid IP address')
    for (const cidr of ['203.0.113.0/24', '198.51.100.1']) expect((await call('DELETE', `${at}/ipset/ipfilter-net0/${encodeURIComponent(cidr)}`)).status).toBe(200)
    expect(await members()).toEqual(['203.0.113.10'])
  })
  test('a set with members goes only by force', async () => {
    const { call, at } = await start()
    await call('POST', `${at}/ipset`, { name: 'tamu' })
    await call('POST', `${at}/ipset/tamu`, { cidr: '203.0.113.10' })
    expect(await call('DELETE', `${at}/ipset/tamu`)).toMatchObject({ status: 500, statusText: 'IPSet \'tamu\' is not empty' })
    expect((await call('DELETE', `${at}/ipset/tamu`, { force: '1' })).status).toBe(200)
    expect((await call('GET', `${at}/ipset`)).data).toEqual([])
  })
  test('it needs the right to change the network, and reading the data centre\'s options the right to audit', async () => {
    const { call, at, simulator } = await start()
    const token = (name: string) => simulator.state.tokens.find(entry => entry.id.endsWith(name))
    expect(await call('PUT', `${at}/options`, { enable: '1' }, token('audit-only'))).toMatchObject({ status: 403, statusText: 'Permission check failed (/vms/101, VM.Config.Network)' })
    expect((await call('GET', '/cluster/firewall/options', {}, token('audit-only'))).data).toMatchObject({ enable: 1 })
    expect(await call('GET', '/cluster/firewall/options', {}, token('no-rights'))).toMatchObject({ status: 403, statusText: 'Permission check failed (/, Sys.Audit)' })
    expect(await call('PUT', '/cluster/firewall/options', { enable: '0' })).toMatchObject({ status: 403, statusText: 'Permission check failed (/, Sys.Modify)' })
  })
  test('a clone takes the template\'s firewall along; a destroyed machine takes its own', async () => {
    const { call, at, machine, simulator } = await start()
    const template = '/nodes/pve-jkt1/qemu/9000'
    await call('POST', `${template}/firewall/ipset`, { name: 'ipfilter-net0' })
    await call('POST', `${template}/firewall/ipset/ipfilter-net0`, { cidr: '198.51.100.7' })
    await call('POST', `${template}/clone`, { newid: '102', full: '1' })
    expect((await call('GET', '/nodes/pve-jkt1/qemu/102/firewall/ipset/ipfilter-net0')).data).toMatchObject([{ cidr: '198.51.100.7' }])
    await call('PUT', `${at}/options`, { enable: '1' })
    expect(simulator.state.firewalls[101]).toBeDefined()
    await call('DELETE', machine, { purge: '1' })
    expect(simulator.state.firewalls[101]).toBeUndefined()
  })
})

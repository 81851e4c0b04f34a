import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { get as httpsGet } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { startProxmoxSimulator } from '../../../simulators/proxmox/index.ts'
import type { ProxmoxOptions, ProxmoxSimulator } from '../../../simulators/proxmox/index.ts'

const open: ProxmoxSimulator[] = []
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close()
})
async function start(options: ProxmoxOptions = {}) {
  const simulator = await startProxmoxSimulator({ tls: false, ...options })
  open.push(simulator)
  const call = async (method: string, path: string, params: Record<string, string> = {}, options: { token?: { id: string, secret: string } | null, body?: string } = {}) => {
    const token = options.token === undefined ? simulator.token : options.token
    const form = new URLSearchParams(params).toString()
    const inQuery = (method === 'GET' || method === 'DELETE') && form
    const reply = await fetch(`${simulator.url}/api2/json${path}${inQuery ? `?${form}` : ''}`, {
      method, headers: { ...(token ? { authorization: `PVEAPIToken=${token.id}=${token.secret}` } : {}), ...(method === 'POST' || method === 'PUT' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) },
      ...(options.body === undefined ? method === 'POST' || method === 'PUT' ? { body: form } : {} : { body: options.body }),
    })
    const text = await reply.text()
    const body = (text ? JSON.parse(text) : {}) as { data?: never, message?: string, errors?: Record<string, string> }
    return { status: reply.status, statusText: reply.statusText, text, ...body }
  }
  const cloned = async (vmid = 101, node = 'pve-jkt1') => {
    await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', { newid: String(vmid), name: 'web.contoh.test', full: '1', storage: 'ceph-vm', target: node, description: 'gardu-mark' })
    return `/nodes/${node}/qemu/${vmid}`
  }
  return { simulator, call, cloned }
}
const upid = /^UPID:pve-jkt[12]:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:qm\w+:\d+:gardu@pve!gardu:$/

describe('credentials', () => {
  test('no credential is answered 401 "No ticket" with an empty body', async () => {
    const { call } = await start()
    expect(await call('GET', '/version', {}, { token: null })).toMatchObject({ status: 401, statusText: 'No ticket', text: '' })
  })
  test('a wrong secret is answered 401 with an empty body', async () => {
    const { call, simulator } = await start()
    expect(await call('GET', '/version', {}, { token: { id: simulator.token.id, secret: 'x' } })).toMatchObject({ status: 401, text: '' })
  })
  test('a missing privilege is answered 403 and names path and privilege in the status text', async () => {
    const { call, simulator } = await start()
    const token = simulator.state.tokens.find(t => t.id.endsWith('audit-only'))
    const answer = await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', { newid: '101' }, { token: token ?? null })
    expect(answer.status).toBe(403)
    expect(answer.statusText).toMatch(/^Permission check failed \(\/vms\/9000, VM\.Clone/)
  })
  test('the rights of a token without rights are an empty map', async () => {
    const { call, simulator } = await start()
    expect(await call('GET', '/access/permissions', {}, { token: simulator.state.tokens.find(t => t.id.endsWith('no-rights')) ?? null })).toMatchObject({ status: 200, data: {} })
  })
})

describe('parameters', () => {
  test.each([
    ['boolean written as true', { newid: '101', full: 'true' }, 'full', 'type check (\'boolean\') failed - got \'true\''],
    ['number below the minimum', { newid: '99' }, 'newid', 'value must have a minimum value of 100'],
    ['unknown name', { newid: '101', colour: 'red' }, 'colour', 'property is not defined in schema and the schema does not allow additional properties'],
    ['missing name', {}, 'newid', 'property is missing and it is not optional'],
    ['name that is no DNS name', { newid: '101', name: 'no_good' }, 'name', 'invalid format - value does not look like a valid DNS name\n'],
  ])('%s is refused with 400 and the reason by parameter', async (_, params, name, reason) => {
    const { call } = await start()
    const answer = await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', params as Record<string, string>)
    expect(answer).toMatchObject({ status: 400, statusText: 'Parameter verification failed.', message: 'Parameter verification failed.\n', errors: { [name]: reason } })
  })
  test('a size with a unit of two letters is refused', async () => {
    const { call, cloned } = await start()
    expect((await call('PUT', `${await cloned()}/resize`, { disk: 'scsi0', size: '40GB' })).errors).toHaveProperty('size')
  })
  test('SSH keys that are not encoded twice are refused', async () => {
    const { call, cloned } = await start()
    const machine = await cloned()
    const key = 'ssh-ed25519 AAAAC3Nza+/ budi@contoh'
    expect((await call('POST', `${machine}/config`, { sshkeys: key })).errors?.sshkeys).toContain('invalid urlencoded string')
    expect((await call('POST', `${machine}/config`, { sshkeys: encodeURIComponent(key) })).status).toBe(200)
  })
  test('a DELETE with a body is answered 501', async () => {
    const { call, cloned } = await start()
    expect(await call('DELETE', await cloned(), {}, { body: 'purge=1' })).toMatchObject({ status: 501, statusText: 'Unexpected content for method \'DELETE\'' })
  })
  test('an unknown call is answered 501 with its name', async () => {
    const { call } = await start()
    expect(await call('GET', '/nodes/pve-jkt1/nothing')).toMatchObject({ status: 501, statusText: 'Method \'GET /nodes/pve-jkt1/nothing\' not implemented' })
  })
})

describe('machines', () => {
  test('a clone is a task whose UPID has the original\'s format, and whose machine is there when it is OK', async () => {
    const { call } = await start()
    const answer = await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', { newid: '101', name: 'web.contoh.test', full: '1', target: 'pve-jkt2', storage: 'ceph-vm', description: 'mark' })
    expect(answer.data).toMatch(upid)
    expect((await call('GET', `/nodes/pve-jkt1/tasks/${encodeURIComponent(String(answer.data))}/status`)).data).toMatchObject({ status: 'stopped', exitstatus: 'OK', type: 'qmclone' })
    const config = (await call('GET', '/nodes/pve-jkt2/qemu/101/config')).data as unknown as Record<string, string>
    expect(config).toMatchObject({ name: 'web.contoh.test', description: 'mark', scsi0: 'ceph-vm:vm-101-disk-0,discard=on,size=3G' })
    expect(config.template).toBeUndefined()
    expect(config.net0).toMatch(/^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0,firewall=1$/)
  })
  test('while a clone runs the machine is locked and tells neither name nor description', async () => {
    const { call, simulator } = await start()
    simulator.faults.set({ holdTasks: true })
    await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', { newid: '101', name: 'web', description: 'mark', target: 'pve-jkt2' })
    expect((await call('GET', '/nodes/pve-jkt1/qemu/101/config')).data).toEqual({ lock: 'clone', digest: expect.stringMatching(/^[0-9a-f]{40}$/) })
    expect(await call('POST', '/nodes/pve-jkt1/qemu/101/config', { cores: '2' })).toMatchObject({ status: 500, statusText: 'VM 101 is locked (clone)' })
    simulator.faults.clear()
    simulator.tasks.settle()
    expect((await call('GET', '/nodes/pve-jkt2/qemu/101/config')).data).toMatchObject({ name: 'web', description: 'mark' })
  })
  test('a taken number is refused in the status text, and a missing machine likewise', async () => {
    const { call, cloned } = await start()
    await cloned(101, 'pve-jkt2')
    expect(await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', { newid: '101' })).toMatchObject({ status: 500, statusText: 'unable to create VM 101: VM 101 already exists on node \'pve-jkt2\'' })
    expect(await call('GET', '/nodes/pve-jkt1/qemu/999/config')).toMatchObject({ status: 500, statusText: 'Configuration file \'nodes/pve-jkt1/qemu-server/999.conf\' does not exist' })
  })
  test('without the message in the body the status text alone tells why', async () => {
    const { call } = await start({ messageInBody: false, version: '8.4.5' })
    expect(await call('GET', '/nodes/pve-jkt1/qemu/999/config')).toMatchObject({ status: 500, statusText: expect.stringContaining('does not exist'), text: '{"data":null}' })
  })
  test('a network card written with its address keeps it, without gets another', async () => {
    const { call, cloned } = await start()
    const machine = await cloned()
    const mac = async () => /virtio=([^,]+)/.exec(String(((await call('GET', `${machine}/config`)).data as unknown as Record<string, string>).net0))?.[1] ?? ''
    const before = await mac()
    await call('PUT', `${machine}/config`, { net0: `virtio=${before},bridge=vmbr0,rate=12.5` })
    expect(await mac()).toBe(before)
    await call('PUT', `${machine}/config`, { net0: 'virtio,bridge=vmbr0' })
    expect(await mac()).not.toBe(before)
  })
  test('the cloud-init password is never readable, and a stale digest is refused', async () => {
    const { call, cloned, simulator } = await start()
    const machine = await cloned()
    await call('POST', `${machine}/config`, { cipassword: 'Rahasia-123' })
    expect((await call('GET', `${machine}/config`)).data).toMatchObject({ cipassword: '**********' })
    expect(JSON.stringify(simulator.state)).not.toContain('Rahasia-123')
    expect(await call('POST', `${machine}/config`, { cores: '2', digest: '0'.repeat(40) })).toMatchObject({ status: 500, statusText: 'detected modified configuration - file changed by other user? Try again.' })
  })
  test('a disk grows and never shrinks', async () => {
    const { call, cloned } = await start()
    const machine = await cloned()
    await call('PUT', `${machine}/resize`, { disk: 'scsi0', size: '40G' })
    expect((await call('GET', `${machine}/status/current`)).data).toMatchObject({ maxdisk: 40 * 1024 ** 3 })
    expect(await call('PUT', `${machine}/resize`, { disk: 'scsi0', size: '20G' })).toMatchObject({ status: 500, statusText: 'shrinking disks is not supported' })
  })
  test('a running or protected machine is not destroyed; a stopped one is gone', async () => {
    const { call, cloned } = await start()
    const machine = await cloned()
    await call('POST', `${machine}/status/start`)
    expect(await call('DELETE', machine, { 'purge': '1', 'destroy-unreferenced-disks': '1' })).toMatchObject({ status: 500, statusText: 'VM 101 is running - destroy failed' })
    await call('POST', `${machine}/status/stop`)
    await call('PUT', `${machine}/config`, { protection: '1' })
    expect(await call('DELETE', machine)).toMatchObject({ status: 500, statusText: 'can\'t remove VM 101 - protection mode enabled' })
    await call('PUT', `${machine}/config`, { protection: '0' })
    expect((await call('DELETE', machine, { purge: '1' })).data).toMatch(upid)
    expect((await call('GET', '/cluster/resources', { type: 'vm' })).data).not.toContainEqual(expect.objectContaining({ vmid: 101 }))
  })
  test('a second start ends as a failed task, not as a refused call', async () => {
    const { call, cloned } = await start()
    const machine = await cloned()
    await call('POST', `${machine}/status/start`)
    const { data } = await call('POST', `${machine}/status/start`)
    expect((await call('GET', `/nodes/pve-jkt1/tasks/${encodeURIComponent(String(data))}/status`)).data).toMatchObject({ exitstatus: 'VM 101 already running' })
  })
  test('memory and storage run out', async () => {
    const { call, cloned, simulator } = await start()
    const machine = await cloned()
    await call('PUT', `${machine}/config`, { memory: String(70 * 1024) })
    const started = await call('POST', `${machine}/status/start`)
    expect((await call('GET', `/nodes/pve-jkt1/tasks/${encodeURIComponent(String(started.data))}/status`)).data).toMatchObject({ exitstatus: expect.stringContaining('Cannot allocate memory') })
    const storage = simulator.state.storages.find(s => s.storage === 'ceph-vm')
    if (storage) storage.otherUse = storage.total
    const full = await call('POST', '/nodes/pve-jkt1/qemu/9000/clone', { newid: '102', full: '1' })
    expect((await call('GET', `/nodes/pve-jkt1/tasks/${encodeURIComponent(String(full.data))}/status`)).data).toMatchObject({ status: 'stopped', exitstatus: expect.stringContaining('insufficient free space') })
    expect(simulator.state.machines[102]).toBeUndefined()
  })
  test('an offline node does not answer for its machines', async () => {
    const { call, simulator } = await start()
    Object.assign(simulator.state.nodes[1] ?? {}, { online: false })
    expect((await call('GET', '/nodes/pve-jkt2/status')).status).toBe(595)
  })
  test('graphs end now and lie on the raster of the original', async () => {
    const { call } = await start({ now: () => Date.UTC(2026, 10, 22, 10, 0, 30) })
    const points = (await call('GET', '/nodes/pve-jkt1/rrddata', { timeframe: 'hour', cf: 'AVERAGE' })).data as unknown as { time: number, cpu: number }[]
    expect(points).toHaveLength(60)
    expect(points.at(-1)?.time).toBe(Date.UTC(2026, 10, 22, 10, 0, 0) / 1000)
    expect(points.every(p => p.cpu > 0 && p.cpu < 1)).toBe(true)
  })
})

describe('faults and restart', () => {
  test('an act whose answer hangs is done all the same', async () => {
    const { simulator } = await start()
    simulator.faults.set({ hangAfterAct: 1, match: '^POST .*/clone$' })
    await expect(fetch(`${simulator.url}/api2/json/nodes/pve-jkt1/qemu/9000/clone`, { method: 'POST', signal: AbortSignal.timeout(300), headers: { 'authorization': `PVEAPIToken=${simulator.token.id}=${simulator.token.secret}`, 'content-type': 'application/x-www-form-urlencoded' }, body: 'newid=101&full=1' })).rejects.toThrow()
    expect(simulator.state.machines[101]).toBeDefined()
  })
  test('a misspelled fault is an error, never ignored', async () => {
    const { simulator } = await start()
    expect(() => simulator.faults.set({ hangAfterAtc: 1 } as never)).toThrow('unknown fault')
  })
  test('state, tasks and certificate survive a restart; the fingerprint is the one on the wire', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'gardu-sim-'))
    try {
      const first = await startProxmoxSimulator({ dataDir })
      Object.assign(first.state.machines, { 150: { ...first.state.machines[9000], vmid: 150 } })
      await first.close()
      const second = await startProxmoxSimulator({ dataDir })
      open.push(second)
      expect(second.state.machines[150]).toBeDefined()
      expect(second.token.secret).toBe(first.token.secret)
      expect(second.fingerprint).toBe(first.fingerprint)
      const seen = await new Promise<string>((resolve, reject) => httpsGet(`${second.url}/api2/json/version`, { ca: second.caPem ?? '' }, (reply) => {
        resolve((reply.socket as TLSSocket).getPeerCertificate().fingerprint256)
        reply.resume()
      }).on('error', reject))
      expect(seen).toBe(second.fingerprint)
      expect(new X509Certificate(second.caPem ?? '').subjectAltName).toContain('IP Address:127.0.0.1')
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })
})

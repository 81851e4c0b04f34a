import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { connectConsole } from '#server/drivers/console/connect.ts'
import { consoleTarget } from '#server/drivers/hypervisor/vsphere/console.ts'
import type { XmlNode } from '#server/drivers/hypervisor/vsphere/xml.ts'
import { freePort } from '../../scripts/components.ts'
import { selfSignedCertificate } from '../../simulators/support/certificate.ts'
import { vsphereWorld } from '../support/vcsim.ts'
import type { VsphereWorld } from '../support/vcsim.ts'
import { failureOf, finished, kindOf, mark, otherMark, spec } from './hypervisor.bench.ts'

const vmid = 105
/** VMware's own simulator hands out the ticket; behind it stands the screen of a real QEMU, as a host would show it: over TLS, at the ticket's path. What a real host draws there is not proven by it. */
describe.each(['vcenter', 'esxi'] as const)('consoles of a %s', (mode) => {
  const paths: string[] = []
  const certificate = selfSignedCertificate('esx1.simulator.test')
  const sha1 = new X509Certificate(certificate.cert).fingerprint
  let machine: ChildProcess
  let host: Server
  let world: VsphereWorld
  const at = { node: '', vmid, ownershipMark: mark }
  beforeAll(async () => {
    const vnc = await freePort()
    machine = spawn(process.env.GARDU_TEST_QEMU ?? 'qemu-system-x86_64', ['-M', 'pc', '-accel', 'tcg', '-m', '64', '-display', 'none', '-serial', 'none', '-monitor', 'none', '-vnc', `127.0.0.1:${vnc - 5900}`], { stdio: 'ignore' })
    host = createServer({ key: certificate.key, cert: certificate.cert })
    const screens = new WebSocketServer({ server: host, handleProtocols: offered => offered.has('binary') ? 'binary' : false })
    screens.on('connection', (socket, request) => {
      paths.push(request.url ?? '')
      const screen = connect(vnc, '127.0.0.1')
      screen.on('data', data => socket.send(data)).on('error', () => socket.terminate()).on('close', () => socket.close())
      socket.on('message', data => screen.write(data as Buffer)).on('close', () => screen.destroy())
    })
    await new Promise<void>(resolve => host.listen(0, '127.0.0.1', resolve))
    world = await vsphereWorld(mode, { screens: { at: `127.0.0.1:${(host.address() as AddressInfo).port}`, sha1 } })
    Object.assign(at, { node: world.node })
    const { driver, template, node } = world
    await finished(driver, await driver.clone({ template, vmid, node, hostname: spec.hostname, ownershipMark: mark, spec }))
    await finished(driver, await driver.configure(at, spec))
    await finished(driver, await driver.start(at))
  }, 60_000)
  afterAll(async () => {
    await world?.close()
    host?.closeAllConnections()
    host?.close()
    machine?.kill('SIGKILL')
  })
  const opened = async () => {
    const target = await world.driver.openConsole(at)
    if (!target) throw new Error('no console')
    return target
  }

  it('the screen of a running machine is reached by its ticket, at the host that the ticket names and pins', async () => {
    const target = await opened()
    expect(target).toMatchObject({ protocols: ['binary'], tls: { mode: 'thumbprint', sha1 } })
    const line = await connectConsole(target)
    const shown = new Promise<Buffer>((resolve, reject) => {
      line.onData(data => resolve(Buffer.from(data)))
      line.onClose(() => reject(new Error('the line was closed')))
    })
    line.send(Buffer.from([1]))
    // ServerInit: a screen that is not empty.
    const screen = await shown
    expect([screen.readUInt16BE(0), screen.readUInt16BE(2)].every(side => side > 0)).toBe(true)
    line.close()
    expect(paths).toEqual([new URL(target.url).pathname])
    expect(paths[0]).toMatch(/^\/ticket\/[0-9a-f]+$/)
  })
  it('a host with another certificate than the ticket pins is not spoken to, and the ticket is not in the message', async () => {
    const before = paths.length
    const target = await opened()
    const failure = await failureOf(connectConsole({ ...target, tls: { mode: 'thumbprint', sha1: sha1.replace(/^../, two => two === 'AA' ? 'BB' : 'AA') } }))
    expect(failure.kind).toBe('action_required')
    expect(failure.message).not.toContain(new URL(target.url).pathname.slice('/ticket/'.length))
    expect(paths.length).toBe(before)
  })
  it('D10: for a foreign machine under our number no ticket is asked for', async () => {
    await world.makeMachine('milik-orang (106)')
    world.proxy.journal.splice(0)
    expect(await kindOf(world.driver.openConsole({ ...at, vmid: 106, ownershipMark: otherMark }))).toBe('not_ours')
    expect(world.proxy.journal).not.toContain('AcquireTicket')
  })
  it('a machine that does not run has no screen', async () => {
    await finished(world.driver, await world.driver.stop(at))
    world.proxy.journal.splice(0)
    expect(await world.driver.openConsole(at)).toBeNull()
    expect(world.proxy.journal).not.toContain('AcquireTicket')
  })
})

describe('where a ticket leads', () => {
  const access = { url: 'https://vc.example.test:8443', tls: { mode: 'system', caPem: null, fingerprint: null } } as const
  const ticket = (fields: Record<string, string>): XmlNode => ({ name: 'returnval', xsiType: null, mor: null, text: '', children: Object.entries(fields).map(([name, text]) => ({ name, text, xsiType: null, mor: null, children: [] })) })
  const to = (fields: Record<string, string>) => consoleTarget('vCenter', access, ticket(fields))
  it('to the host and port that it names, over IPv6 too; without them to the server that was asked, trusted as the connection says', () => {
    expect(to({ ticket: 'ab12', host: 'esx1.example.test', port: '443' }).url).toBe('wss://esx1.example.test/ticket/ab12')
    expect(to({ ticket: 'ab12', host: '2001:db8::1', port: '902' }).url).toBe('wss://[2001:db8::1]:902/ticket/ab12')
    expect(to({ ticket: 'ab12' })).toMatchObject({ url: 'wss://vc.example.test:8443/ticket/ab12', tls: access.tls })
  })
  it('a ticket that could lead elsewhere, or pins by something unknown, is not used', async () => {
    for (const fields of [{}, { ticket: '../sdk' }, { ticket: 'a b' }, { ticket: 'ab', sslThumbprint: 'AA:BB' }] as Record<string, string>[]) expect(await kindOf(Promise.resolve().then(() => to(fields)))).toBe('permanent')
  })
})

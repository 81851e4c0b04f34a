import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import type { HypervisorAccess } from '#server/infrastructure/ports.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { listeningProxy } from '../support/listening-proxy.ts'
import type { Exchange } from '../support/listening-proxy.ts'
import { finished, mark, spec } from './hypervisor.bench.ts'

/**
 * Everything that the driver sends in a machine's life, judged by the descriptions that three versions of Proxmox VE give of themselves: a
 * parameter that a version does not know is refused there. The descriptions are not ours to ship: `GARDU_TEST_OPENAPI` names a folder with
 * them; a version without its file is left out.
 */
const folder = process.env.GARDU_TEST_OPENAPI ?? ''
const versions = [
  { version: '7.4', file: 'pve-schema-7.4.json', leavesOut: [] }, { version: '8.4', file: 'pve-schema-8.4.5.json', leavesOut: [] },
  // A selection: the two before describe these.
  { version: '9.2', file: 'pve-hosting-schema.json', leavesOut: [
    /^GET \/api2\/json\/cluster\/sdn\/vnets is not described/, /^(GET|POST|PUT|DELETE) \/api2\/json\/nodes\/[^/]+\/lxc\/\d+\/(config|rrddata|snapshot(\/[^/]+(\/rollback)?)?|migrate|firewall\/(options|ipset(\/ipfilter-net0(\/.+)?)?|rules(\/\d+)?)) is not described/, /^GET \/api2\/json\/nodes\/[^/]+\/vzdump\/extractconfig /, /^GET \/api2\/json\/(cluster|nodes\/[^/]+\/qemu\/\d+)\/firewall\/options /, /^GET \/api2\/json\/nodes\/[^/]+\/qemu\/\d+\/firewall\/ipset\/ipfilter-net0 /, /^(GET|PUT|DELETE) \/api2\/json\/nodes\/[^/]+\/qemu\/\d+\/firewall\/rules(\/\d+)? is not described/, /^(GET|POST) \/api2\/json\/nodes\/[^/]+\/qemu\/\d+\/migrate /] },
] as const
const base = '/api2/json'

type Json = Readonly<Record<string, unknown>>
interface Method { readonly parameters?: { readonly additionalProperties?: number, readonly properties?: Readonly<Record<string, Json>> } }
type Endpoints = Readonly<Record<string, Readonly<Record<string, Method>>>>

/** Their words of JSON Schema, without their own formats and with Perl's patterns made JavaScript's; everything on the wire is text. `net[n]` stands for a number. */
const toSchema = ({ type, minimum, maximum, maxLength, minLength, pattern, enum: choices }: Json): Json => type === 'boolean'
  ? { enum: ['0', '1'] }
  : { ...(type === 'array' ? {} : { type }), ...(minimum === undefined ? {} : { minimum: Number(minimum) }), ...(maximum === undefined ? {} : { maximum: Number(maximum) }), ...(maxLength === undefined ? {} : { maxLength: Number(maxLength) }), ...(minLength === undefined ? {} : { minLength: Number(minLength) }), ...(typeof pattern === 'string' ? { pattern: `^(?:${pattern.replace(/\(\?\^[a-z]*:/g, '(?:')})$` } : {}), ...(choices === undefined ? {} : { enum: choices }) }

/** The described method that answers this request; the parameters in its path are among its parameters. */
function methodOf(endpoints: Endpoints, { method, path }: Exchange) {
  const parts = path.slice(base.length).split('/').map(decodeURIComponent)
  for (const [pattern, methods] of Object.entries(endpoints)) {
    const wanted = pattern.split('/')
    const described = methods[method]
    if (!described || wanted.length !== parts.length) continue
    const inPath: Record<string, string> = {}
    const fits = wanted.every((part, i) => {
      const name = /^\{(.+)\}$/.exec(part)?.[1]
      if (name) inPath[name] = parts[i] ?? ''
      return name !== undefined || part === parts[i]
    })
    if (fits) return { pattern, described, inPath }
  }
  return null
}

function complaintsAbout(endpoints: Endpoints, exchange: Exchange): string[] {
  const found = methodOf(endpoints, exchange)
  if (!found) return [`${exchange.method} ${exchange.path} is not described`]
  const given = found.described.parameters?.properties ?? {}
  const named = Object.entries(given).filter(([name]) => !name.includes('['))
  const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: true, unicodeRegExp: false })
  const fits = ajv.validate({
    type: 'object', additionalProperties: false, required: named.filter(([, one]) => !one.optional).map(([name]) => name),
    properties: Object.fromEntries(named.map(([name, one]) => [name, toSchema(one)])),
    patternProperties: Object.fromEntries(Object.entries(given).filter(([name]) => name.includes('[')).map(([name, one]) => [`^${name.replace('[n]', String.raw`\d+`)}$`, toSchema(one)])),
  }, { ...found.inPath, ...exchange.params })
  return fits ? [] : (ajv.errors ?? []).map(error => `${exchange.method} ${found.pattern}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`)
}

/** What the driver sends while a machine is built, used, suspended and destroyed. Every act of the port is called; of a container those that it has. */
async function aLife(container = false): Promise<Exchange[]> {
  const heard: Exchange[] = []
  const sim = await startProxmoxSimulator({ tls: false })
  const proxy = await listeningProxy(sim.url, exchange => heard.push(exchange))
  const access: HypervisorAccess = { connectionId: 'test', url: proxy.url, tokenId: sim.token.id, tokenSecret: sim.token.secret, tls: { mode: 'system', caPem: null, fingerprint: null }, storage: 'local-lvm', bridge: 'vmbr0', nodes: [], backupStorage: 'local' }
  const driver = createProxmoxDriver(access)
  const called = new Set<string>()
  const listening = new Proxy(driver, { get: (target, name) => {
    called.add(String(name))
    return target[name as keyof typeof target]
  } })
  try {
    const [node = '', other = ''] = sim.state.nodes.map(entry => entry.name)
    const machine = { node, vmid: await listening.nextFreeId(), ownershipMark: mark }
    const backup = { id: '01900000-0000-7000-8000-00000000b001', ownershipMark: mark, vmid: machine.vmid }
    for await (const step of listening.test()) expect(step.ok).toBe(true)
    await listening.version()
    await listening.filtersApply()
    await listening.listTemplates()
    await listening.listNodes()
    await listening.look()
    await listening.listHeadroom()
    // The tags of virtual networks are asked for where there are some.
    sim.state.networks = [{ iface: 'vmbr0', type: 'bridge', vlanAware: true }, { iface: 'kantor', type: 'vnet', tag: 40 }]
    await listening.listNetworks()
    await finished(listening, await listening.clone({ template: { node, ref: container ? 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst' : '9000' }, vmid: machine.vmid, node, hostname: spec.hostname, ownershipMark: mark, spec }))
    await finished(listening, await listening.configure(machine, spec))
    await finished(listening, await listening.growDisk(machine, spec.diskGiB))
    await listening.filterAddresses(machine, [spec.address.ipv4])
    const rule = { direction: 'in', action: 'accept', protocol: 'tcp', ports: '22,8000-8100', peers: ['198.51.100.0/24'], comment: 'kantor', enabled: true } as const
    await listening.setFirewall(machine, { policyIn: 'drop', rules: [rule, { ...rule, direction: 'out', protocol: 'icmpv6', ports: '', peers: ['2001:db8::/32'], enabled: false }] })
    await listening.setFirewall(machine, { policyIn: 'accept', rules: [rule] })
    await listening.readFirewall(machine)
    await finished(listening, await listening.start(machine))
    await listening.forgetFirstBoot(machine)
    await finished(listening, await listening.setRate(machine, 10))
    await listening.findByMark(mark)
    if (!container) {
      await listening.setPasswordInside(machine, { username: spec.login.username, password: 'Rahasia-456' })
      await listening.keepLogin(machine, { username: spec.login.username, password: 'Rahasia-456', sshKey: spec.login.sshKey })
      await listening.keepLogin(machine, { username: spec.login.username, sshKey: null })
    }
    await listening.giveIpv6(machine, { ipv6: { address: '2001:db8:10:5::1', length: 64, gateway: 'fe80::1', sender: '2001:db8:10:5::/64' }, nameservers: ['203.0.113.53', '2001:db8::53'] })
    await listening.setCardAddress(machine, 'BC:24:11:00:00:01')
    await listening.rename(machine, 'toko.contoh.test')
    await listening.readAccess(machine)
    await listening.openConsole(machine)
    await listening.metrics(machine, 'week')
    await finished(listening, await listening.createSnapshot(machine, { name: 'gardu-0123456789ab', title: 'Sebelum pembaruan' }))
    await listening.listSnapshots(machine)
    await listening.listMarkedMachines()
    await listening.moveObstacle(machine, { node: other, live: false })
    await finished(listening, await listening.deleteSnapshot(machine, 'gardu-0123456789ab'))
    await finished(listening, await listening.createBackup(machine, backup.id))
    await listening.listBackups(machine.vmid)
    await finished(listening, await listening.moveMachine(machine, { node: other, live: true }))
    await finished(listening, await listening.createSnapshot(machine, { name: 'gardu-0123456789ab', title: 'Sesudah' }))
    await finished(listening, await listening.reboot(machine))
    await finished(listening, await listening.shutdown(machine, { timeoutSeconds: 30, force: true }))
    const [image] = await listening.listIsos()
    if (!container) await listening.attachRescue(machine, image?.ref ?? '')
    await listening.readRescue(machine)
    await listening.detachRescue(machine)
    // The backup lies on the node where it was made.
    await finished(listening, await listening.moveMachine(machine, { node, live: false }))
    await finished(listening, await listening.restoreBackup(machine, backup, '01900000-0000-7000-8000-00000000c001'))
    await listening.readBackup(backup)
    const anew = { node, vmid: machine.vmid + 500, ownershipMark: '01900000-0000-7000-8000-00000000d001' }
    await finished(listening, await listening.makeForBackup({ ...anew, backup, hostname: 'pulih.contoh.test', token: '01900000-0000-7000-8000-00000000c002' }))
    await finished(listening, await listening.restoreBackup(anew, backup, '01900000-0000-7000-8000-00000000c002', { newCards: true }))
    await finished(listening, await listening.destroy(anew))
    await finished(listening, await listening.deleteBackup(backup))
    await finished(listening, await listening.createSnapshot(machine, { name: 'gardu-0123456789ab', title: 'Sesudah' }))
    await finished(listening, await listening.rollbackSnapshot(machine, 'gardu-0123456789ab'))
    await finished(listening, await listening.deleteSnapshot(machine, 'gardu-0123456789ab'))
    await finished(listening, await listening.resize(machine, { cpuCores: 4, ramMiB: 8192, rateMbps: 200 }))
    await listening.filterAddresses(machine, [spec.address.ipv4, '203.0.113.11', '2001:db8:10:5::/64'])
    await finished(listening, await listening.configure(machine, { ...spec, address: { ...spec.address, nameservers: [...spec.address.nameservers, '2001:db8::53'], ipv6: { address: '2001:db8:10:5::1', length: 64, gateway: 'fe80::1', sender: '2001:db8:10:5::/64' } } }))
    await listening.setSuspended(machine, true)
    await listening.setSuspended(machine, false)
    await finished(listening, await listening.start(machine))
    await finished(listening, await listening.stop(machine))
    await listening.inspect(machine)
    await listening.listMachines()
    await listening.completeMark(machine)
    if (!container) {
      await listening.readStranger(machine.vmid)
      await listening.releaseMachine(machine)
      await listening.adoptMachine({ vmid: machine.vmid, ownershipMark: mark, instead: null, address: { ipv4: '203.0.113.77', prefixLength: 24, gateway: '203.0.113.1' } })
    }
    await finished(listening, await listening.destroy(machine))
    const unable = container ? ['setPasswordInside', 'keepLogin', 'attachRescue', 'readStranger', 'releaseMachine', 'adoptMachine'] : []
    expect(Object.entries(driver).filter(([name, act]) => typeof act === 'function' && name !== 'close' && !called.has(name)).map(([name]) => name).sort()).toEqual(unable.sort())
  } finally {
    proxy.close()
    await sim.close()
  }
  return heard
}

for (const { version, file, leavesOut } of versions) {
  const there = folder !== '' && existsSync(join(folder, file))
  describe.skipIf(!there)(`Proxmox VE ${version}'s description of itself${there ? '' : ' (left out: GARDU_TEST_OPENAPI names no folder with it)'}`, () => {
    it('knows every call that the driver makes, and every parameter in it', async () => {
      const { endpoints } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { endpoints: Endpoints }
      const heard = await aLife()
      expect(new Set(heard.map(({ method }) => method))).toEqual(new Set(['GET', 'POST', 'PUT', 'DELETE']))
      expect([...new Set(heard.flatMap(exchange => complaintsAbout(endpoints, exchange)))].filter(complaint => !leavesOut.some(known => known.test(complaint)))).toEqual([])
    })

    it('knows every call of a container\'s life, and every parameter in it', async () => {
      const { endpoints } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { endpoints: Endpoints }
      const heard = await aLife(true)
      expect(heard.some(({ method, path }) => method === 'POST' && /\/lxc$/.test(path))).toBe(true)
      expect([...new Set(heard.flatMap(exchange => complaintsAbout(endpoints, exchange)))].filter(complaint => !leavesOut.some(known => known.test(complaint)))).toEqual([])
    })

    it('refuses what it does not know: the judge is not blind', () => {
      const { endpoints } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { endpoints: Endpoints }
      const call = (params: Record<string, string>): Exchange => ({ method: 'POST', path: `${base}/nodes/pve/qemu/100/config`, params, status: 200, body: '' })
      expect(complaintsAbout(endpoints, call({ net1: 'virtio', cores: '2' }))).toEqual([])
      expect(complaintsAbout(endpoints, call({ cores: '0' })).length).toBe(1)
      expect(complaintsAbout(endpoints, call({ nonsense: '1' })).length).toBe(1)
      expect(complaintsAbout(endpoints, { ...call({}), path: `${base}/nodes/pve/qemu/100/clone` }).length).toBe(1)
      expect(complaintsAbout(endpoints, { ...call({}), path: `${base}/nodes/pve/nonsense` })).toEqual(['POST /api2/json/nodes/pve/nonsense is not described'])
    })
  })
}

import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createEsxiDriver, createVcenterDriver } from '#server/drivers/hypervisor/vsphere/driver.ts'
import { locator } from '#server/drivers/hypervisor/vsphere/locate.ts'
import { vimOver } from '#server/drivers/hypervisor/vsphere/soap.ts'
import type { SoapOptions } from '#server/drivers/hypervisor/vsphere/soap.ts'
import { cardsOf, diskGiBOf, listedRow, machineRow, numberOf, optionsOf, systemDisk, taskRow } from '#server/drivers/hypervisor/vsphere/transform.ts'
import type { Machine } from '#server/drivers/hypervisor/vsphere/transform.ts'
import { build, childOf, print, string, textOf } from '#server/drivers/hypervisor/vsphere/xml.ts'
import type { Mor } from '#server/drivers/hypervisor/vsphere/xml.ts'
import type { HypervisorAccess } from '#server/infrastructure/ports.ts'
import { startVcsim } from '../../scripts/components.ts'

export type VsphereMode = 'vcenter' | 'esxi'

const envelope = (inside: string) => `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${inside}</soapenv:Body></soapenv:Envelope>`
const fault = (name: string, inside = '') => envelope(`<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>refused by the test</faultstring><detail><${name}Fault xmlns="urn:vim25" xsi:type="${name}">${inside}</${name}Fault></detail></soapenv:Fault>`)
const failedTask = (id: string, name: string) => envelope(`<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects><obj type="Task">${id}</obj><propSet><name>info.error</name><val xsi:type="LocalizedMethodFault"><fault xsi:type="${name}"></fault><localizedMessage>failed by the test</localizedMessage></val></propSet><propSet><name>info.state</name><val xsi:type="TaskInfoState">error</val></propSet></objects></returnval></RetrievePropertiesExResponse>`)

const shifted = (body: string, times: RegExp, by: number) => by === 0 ? body : body.replace(times, found => new Date(Date.parse(found) + by).toISOString())

const creates = /^(CloneVM|CreateVM|CopyVirtualDisk)_Task$/
const acts = /_Task$|^(ShutdownGuest|RebootGuest|MakeDirectory)$/
const searches = /^SearchDatastore/

/** Stands between driver and simulator and lets go wrong what the simulator cannot: refusals, dying and slow tasks, hosts out of reach, answers lost after the act. */
export interface FaultProxy {
  readonly url: string
  /** Names of all calls. */
  readonly journal: string[]
  /** The next call whose name fits is carried out and never answered. */
  lose: RegExp | null
  /** Calls that fit are refused with this fault. */
  refuse: { readonly calls: RegExp, readonly fault: string, readonly inside?: string } | null
  /** Calls that fit start a task that dies of this fault. */
  failTasks: { readonly calls: RegExp, readonly fault: string } | null
  /** Calls that fit are answered as done and not carried out. */
  ignore: RegExp | null
  /** The user holds no privilege. */
  refusePrivileges: boolean
  /** These alone are not granted. */
  refusedRights: readonly string[]
  /** Guests tell nothing. */
  muteGuests: boolean
  holdTasks: boolean
  hostsAway: boolean
  /** The server's clock goes so many milliseconds ahead of ours, or behind: what it tells of times, and what it is asked for. */
  ahead: number
  /** The next call gets the answer of a session that has lapsed. */
  dropSession: boolean
  writes(): number
  close(): Promise<void>
}

export async function faultProxy(target: string): Promise<FaultProxy> {
  let tasks = 0
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
  const dying = new Map<string, string>()
  const begun: string[] = []
  const forward = (request: IncomingMessage, body: string) => new Promise<{ status: number, headers: IncomingMessage['headers'], body: string }>((resolve, reject) => {
    const onward = httpsRequest(`${target}${request.url}`, { method: request.method ?? 'POST', headers: { ...request.headers, 'host': new URL(target).host, 'connection': 'keep-alive', 'content-length': Buffer.byteLength(body) }, agent }, (answer) => {
      text(answer).then(found => resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: found }), reject)
    })
    onward.on('error', reject)
    onward.end(body)
  })
  async function answer(request: IncomingMessage): Promise<{ status: number, headers?: IncomingMessage['headers'], body: string } | null> {
    const body = await text(request)
    const call = /<soapenv:Body><(\w+)/.exec(body)?.[1] ?? ''
    proxy.journal.push(call)
    if (proxy.dropSession && call !== 'RetrieveServiceContent' && call !== 'Login') {
      proxy.dropSession = false
      return { status: 500, body: fault('NotAuthenticated') }
    }
    if (proxy.refuse?.calls.test(call)) return { status: 500, body: fault(proxy.refuse.fault, proxy.refuse.inside) }
    if (proxy.ignore?.test(call)) return { status: 200, body: envelope(`<${call}Response xmlns="urn:vim25"></${call}Response>`) }
    if (proxy.failTasks?.calls.test(call)) {
      const id = `task-of-the-test-${++tasks}`
      dying.set(id, proxy.failTasks.fault)
      return { status: 200, body: envelope(`<${call}Response xmlns="urn:vim25"><returnval type="Task">${id}</returnval></${call}Response>`) }
    }
    const doomed = [...dying].find(([id]) => body.includes(`>${id}<`))
    if (doomed) return { status: 200, body: failedTask(...doomed) }
    const timed = call === 'QueryPerf' || call === 'CurrentTime'
    const found = await forward(request, timed ? shifted(body, /(?<=<startTime>)[^<]+/g, -proxy.ahead) : body)
    if (timed) found.body = shifted(found.body, /(?<=<(?:timestamp|returnval(?: [^>]*)?)>)\d{4}-[^<]+/g, proxy.ahead)
    if (acts.test(call) && !searches.test(call)) begun.push(...[...found.body.matchAll(/<returnval type="Task">([^<]+)</g)].map(([, id = '']) => id))
    if (proxy.lose?.test(call)) {
      proxy.lose = null
      return null
    }
    if (proxy.holdTasks && begun.some(id => body.includes(`>${id}<`))) found.body = found.body.replaceAll('>success<', '>running<')
    if (proxy.refusePrivileges && call === 'HasPrivilegeOnEntities') found.body = found.body.replaceAll('<isGranted>true<', '<isGranted>false<')
    if (call === 'HasPrivilegeOnEntities') for (const right of proxy.refusedRights) found.body = found.body.replace(`<privId>${right}</privId><isGranted>true<`, `<privId>${right}</privId><isGranted>false<`)
    if (proxy.muteGuests) found.body = found.body.replace(/(<name>guest\.ipAddress<\/name><val[^>]*>)[^<]+/g, '$1').replace(/(<name>guest\.net<\/name><val[^>]*>).*?(?=<\/val>)/gs, '$1')
    if (proxy.hostsAway) found.body = found.body.replace(/(<name>runtime\.connectionState<\/name><val[^>]*>)connected/g, '$1notResponding')
    return found
  }
  const server: Server = createServer((request, response) => {
    answer(request).then((found) => {
      if (!found) return response.destroy()
      const cookie = found.headers?.['set-cookie']
      return response.writeHead(found.status, { 'content-type': 'text/xml', ...(cookie ? { 'set-cookie': cookie } : {}) }).end(found.body)
    }).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, journal: [], lose: null, refuse: null, failTasks: null, ignore: null, refusePrivileges: false, refusedRights: [], muteGuests: false, holdTasks: false, hostsAway: false, ahead: 0, dropSession: false,
    writes: () => proxy.journal.filter(call => acts.test(call) && !searches.test(call)).length,
    close: () => new Promise((resolve) => {
      agent.destroy()
      server.closeAllConnections()
      server.close(() => resolve())
    }),
  }
  return proxy
}

const morNode = (name: string, { type, id }: Mor) => ({ name, mor: type, xsiType: null, children: [], text: id })
/** A call with a session of its own. */
async function past({ url, username, password }: { readonly url: string, readonly username: string, readonly password: string }, call: string): Promise<void> {
  const post = (inside: string, cookie: string) => new Promise<string>((resolve, reject) => {
    httpsRequest(`${url}/sdk`, { method: 'POST', rejectUnauthorized: false, agent: false, headers: { 'content-type': 'text/xml', 'soapaction': 'urn:vim25/6.5', cookie } }, (answer) => {
      text(answer).then(body => answer.statusCode === 200 ? resolve(answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '') : reject(new Error(body)), reject)
    }).on('error', reject).end(envelope(inside))
  })
  const cookie = await post(`<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this><userName>${username}</userName><password>${password}</password></Login>`, '')
  await post(call, cookie)
}

/** One simulator of its own with a proxy before it, and a view past the proxy of what is really there. */
export async function vsphereWorld(mode: VsphereMode, { screens, ...options }: SoapOptions & { /** Consoles are shown, and their tickets lead there. */ readonly screens?: { readonly at: string, readonly sha1: string } } = {}) {
  const binary = process.env.GARDU_TEST_VCSIM
  if (!binary) throw new Error('GARDU_TEST_VCSIM names no simulator')
  const simulator = await startVcsim(binary, mode, screens ? { screens } : {})
  const proxy = await faultProxy(simulator.url)
  const access = (url: string): HypervisorAccess => ({ connectionId: 'test', url, tokenId: simulator.username, tokenSecret: simulator.password, tls: { mode: 'system', caPem: null, fingerprint: null }, storage: 'LocalDS_0', bridge: 'VM Network', nodes: [], console: screens !== undefined })
  const create = mode === 'vcenter' ? createVcenterDriver : createEsxiDriver
  // Past the faults, through a proxy of its own that has none.
  const plainProxy = await faultProxy(simulator.url)
  const vim = vimOver('past the driver', access(plainProxy.url))
  const find = locator(vim, access(plainProxy.url))
  const driver = create(access(proxy.url), { totalMilliseconds: 5_000, ...options })
  const [template] = await driver.listTemplates()
  if (!template) throw new Error('the simulator has no template')
  const hosts = (await find.hosts()).map(({ props }) => props.name)

  const ended = async (task: Mor) => {
    const [row] = await vim.read([task], 'Task', taskRow)
    if (row?.props['info.state'] !== 'success') throw new Error(`the test's own act failed: ${JSON.stringify(row?.raw('info.error'))}`)
  }
  const all = async () => (await vim.readAll('VirtualMachine', listedRow)).filter(({ props }) => !props['config.template'])
  async function machineOf(vmid: number): Promise<Machine | null> {
    const row = (await all()).find(({ props }) => numberOf(props.name) === vmid)
    return row ? (await vim.read([row.obj], 'VirtualMachine', machineRow))[0] ?? null : null
  }
  async function makeMachine(name: string, more: Parameters<typeof build>[1] = {}): Promise<void> {
    const { pool, folder, host } = await find.site(template?.node ?? '')
    await ended(await vim.start('CreateVMRequestType', folder, { config: build('VirtualMachineConfigSpec', { name, guestId: 'otherGuest64', files: build('VirtualMachineFileInfo', { vmPathName: '[LocalDS_0]' }), numCPUs: 4, memoryMB: 4096, ...more }), pool, host: host.obj }))
  }
  return {
    mode, simulator, proxy, driver, access, vim, find, machineOf, makeMachine, ended, template: { node: template.node, ref: template.ref }, node: template.node, otherNode: hosts.find(name => name !== template.node && name.startsWith('DC0_C0')) ?? '',
    /** Everything numbered by us or by the test. */
    numbered: async () => (await all()).filter(({ props }) => numberOf(props.name) !== null),
    decoded(machine: Machine | null, key: string): string | null {
      const found = machine && optionsOf(machine).get(key)
      return found ? Buffer.from(found, 'base64').toString('utf8') : null
    },
    async removeTemplate(): Promise<void> {
      if (mode === 'vcenter') {
        const row = (await vim.readAll('VirtualMachine', listedRow)).find(({ props }) => props['config.template'])
        if (row) await ended(await vim.start('DestroyRequestType', row.obj))
        return
      }
      const { fileManager } = await vim.content()
      const { datacenter } = await find.site(template.node)
      if (fileManager) await ended(await vim.start('DeleteDatastoreFileRequestType', fileManager, { name: template.ref, datacenter }))
    },
    /** Somebody writes another owner into a machine's notes. */
    foreignise: async (machine: Machine | null) => machine && ended(await vim.start('ReconfigVMRequestType', machine.obj, { spec: build('VirtualMachineConfigSpec', { annotation: 'gardu-01900000-0000-7000-8000-00000000ef01' }) })),
    async takeByHand(vmid: number, name: string): Promise<void> {
      const machine = await machineOf(vmid)
      if (machine) await ended(await vim.start('CreateSnapshotRequestType', machine.obj, { name, description: 'milik orang', memory: false, quiesce: false }))
    },
    /** Moves a machine to another host, as a person or DRS would; a call that the driver does not have. */
    relocate: (machine: Mor, host: Mor) => past(simulator, `<RelocateVM_Task xmlns="urn:vim25">${print(morNode('_this', machine))}<spec>${print(morNode('host', host))}</spec></RelocateVM_Task>`),
    /** What a vCenter writes of a customisation that ended; the simulator writes nothing of it. */
    customisationEnded: (machine: Mor, event: 'CustomizationSucceeded' | 'CustomizationFailed') => past(simulator, `<PostEvent xmlns="urn:vim25"><_this type="EventManager">EventManager</_this><eventToPost xsi:type="${event}"><key>0</key><chainId>0</chainId><createdTime>2026-01-01T00:00:00Z</createdTime><userName></userName><vm><name>x</name>${print(morNode('vm', machine))}</vm><fullFormattedMessage>scripts are not allowed in this guest</fullFormattedMessage><logLocation>/var/log</logLocation></eventToPost></PostEvent>`),
    copyMachine: (machine: Machine, to: number) => makeMachine(`salinan (${to})`, { instanceUuid: machine.props['config.instanceUuid'], annotation: machine.props['config.annotation'], extraConfig: build('OptionValue', { key: 'gardu.mark', value: string(optionsOf(machine).get('gardu.mark') ?? '') }) }),
    async close(): Promise<void> {
      driver.close()
      vim.close()
      await proxy.close()
      await plainProxy.close()
      await simulator.stop()
    },
  }
}
export type VsphereWorld = Awaited<ReturnType<typeof vsphereWorld>>

/** What of a machine a test compares before and after. */
export function snapshotOf(machine: Machine | null): string | null {
  if (!machine) return null
  const { 'config.hardware.device': _, recentTask: __, 'summary.quickStats.overallCpuUsage': ___, ...kept } = machine.props
  return JSON.stringify([kept, machine.raw('config.hardware.device')?.children.map(print)])
}
export function cardOf(machine: Machine | null) {
  const card = machine ? cardsOf(machine)[0] : undefined
  const plug = childOf(card, 'connectable')
  return { mac: textOf(card, 'macAddress')?.toUpperCase() ?? null, linkDown: textOf(plug, 'startConnected') !== 'true', backing: childOf(card, 'backing')?.xsiType ?? null }
}
export const diskOf = (machine: Machine | null): number => machine ? diskGiBOf(systemDisk(machine)) : 0
export { creates }

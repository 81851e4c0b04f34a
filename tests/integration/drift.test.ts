import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addresses, resources } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import type { ClosableDriver } from '#server/infrastructure/open-hypervisor.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import actRoute from '../../server/api/admin/drift/[id].post.ts'
import checkRoute from '../../server/api/admin/drift/check.post.ts'
import listRoute from '../../server/api/admin/drift/index.get.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { driversOf, provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const system: Actor = { kind: 'system', name: 'test' }
const codeOf = (work: Promise<unknown>) => work.then(() => null, (error: unknown) => error instanceof AppError ? error.code : Promise.reject(error as Error))

describe.each(databaseKinds())('hypervisors compared with the books, over the wire, on %s', (kind) => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let world: ProvisioningWorld
  let drivers: ReturnType<typeof hypervisorPool>
  let served: Awaited<ReturnType<typeof serveRoutes>>
  let role: 'sysadmin' | 'business' = 'sysadmin'
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    sim = await startProxmoxSimulator({ delayFactor: 0, now: () => world?.wallClock.now().getTime() ?? Date.parse('2026-11-02T03:00:00Z') })
    const { core } = test.app
    drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf('proxmox', (access): ClosableDriver => createProxmoxDriver(access)) })
    world = await provisioningWorld(test, { url: sim.url, fingerprint: sim.fingerprint, token: sim.token, node: 'pve-jkt1', storage: 'ceph-vm', open: drivers.open, capacity: test.app.infrastructure.checkCapacity })
    served = await serveRoutes(test.app, [['get', '/api/admin/drift', listRoute], ['post', '/api/admin/drift/check', checkRoute], ['post', '/api/admin/drift/{id}', actRoute]], (event) => {
      event.context.actor = { ...sysadmin, role }
    })
  })
  afterAll(async () => {
    drivers.closeAll()
    test.app.infrastructure.closeHypervisors()
    await served.close()
    await test.close()
    await sim.close()
  })

  type Finding = { id: string, kind: string, serviceId: string | null, vmid: number | null, key: string, detail: Record<string, string | number>, ignored: { why: string } | null }
  const { stringify } = JSON
  const list = async (state = 'open') => (await (await fetch(`${served.url}/api/admin/drift?state=${state}`)).json() as { items: Finding[] }).items
  const act = (id: string, body: object) => fetch(`${served.url}/api/admin/drift/${id}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: stringify(body) })
  async function compare() {
    await test.app.provisioning.checkDrift()
    return (await list()).map(({ kind: what, serviceId, detail, vmid }) => ({ kind: what, serviceId, detail, vmid }))
  }
  const repair = async (what: string) => {
    const [finding] = (await list()).filter(each => each.kind === what)
    return act(finding?.id ?? '', { action: 'repair' })
  }
  const machineOf = (vmid: number | null | undefined) => {
    const machine = sim.state.machines[vmid ?? 0]
    if (!machine) throw new Error(`no machine ${vmid}`)
    return machine
  }
  const built = async () => {
    const { serviceId, resource } = await world.build()
    return { serviceId, vmid: resource?.vmid ?? 0, mark: resource?.ownershipMark ?? '', machine: machineOf(resource?.vmid) }
  }
  const destroyedUnseen = (vmid: number) => Reflect.deleteProperty(sim.state.machines, vmid)
  const sentSince = (before: number) => sim.journal.slice(before).filter(line => /^(POST|PUT|DELETE) /.test(line))

  it('a house in order has none, and looking sends nothing but questions', async () => {
    await built()
    const before = sim.journal.length
    expect(await compare()).toEqual([])
    expect(sim.journal.length).toBeGreaterThan(before)
    expect(sentSince(before)).toEqual([])
  })

  it('a machine that was deleted behind our back is told as missing, once, and is over when it is there again', async () => {
    const { serviceId, vmid, machine } = await built()
    destroyedUnseen(vmid)
    expect(await compare()).toMatchObject([{ kind: 'missing_machine', serviceId, vmid }])
    expect(await compare()).toHaveLength(1)
    expect(await test.app.provisioning.showStaffOverview()).toMatchObject({ drift: 1 })
    expect((await repair('missing_machine')).status).toBe(409)
    sim.state.machines[vmid] = machine
    expect(await compare()).toEqual([])
    expect((await list('resolved')).map(finding => finding.kind)).toEqual(['missing_machine'])
  })

  it('a machine that carries our mark without a living service is told as orphan and left alone', async () => {
    const { machine, vmid } = await built()
    const foreign = uuidv7()
    sim.state.machines[790] = structuredClone({ ...machine, vmid: 790, config: { ...machine.config, tags: `gardu-${foreign}`, description: `gardu-${foreign}` } })
    const before = sim.journal.length
    expect(await compare()).toMatchObject([{ kind: 'orphan_machine', serviceId: null, vmid: 790 }])
    expect(sentSince(before)).toEqual([])
    destroyedUnseen(790)
    expect(machineOf(vmid).running).toBe(true)
    expect(await compare()).toEqual([])
  })

  it('an orphan is given to a service that let its machine go: over the wire it is proven by the new mark, runs on, and is none any more', async () => {
    const { serviceId, vmid, machine } = await built()
    const { service, address } = await world.look(serviceId)
    await test.app.provisioning.unlinkMachine({ id: serviceId, hostname: service?.hostname ?? '', reason: 'dipindah', actor: sysadmin })
    await world.drain(world.worker())
    expect(machineOf(vmid)).toMatchObject({ running: true, config: expect.not.objectContaining({ tags: expect.stringContaining('gardu-') as unknown }) as unknown })
    Object.assign(machine.config, { tags: `web;gardu-${uuidv7()}`, description: 'catatan orang' })
    expect(await compare()).toMatchObject([{ kind: 'orphan_machine', serviceId: null, vmid }])
    const { machine: seen, address: own } = await test.app.provisioning.showAdoption({ id: serviceId, connectionId: world.connectionId, vmid })
    expect(own).toMatchObject({ ipv4: address?.address, verdict: 'blocked' })
    await test.app.provisioning.adoptMachine({ id: serviceId, connectionId: world.connectionId, vmid, name: seen?.name ?? '', ipv4: address?.address ?? '', reason: 'kembali', actor: sysadmin })
    await world.drain(world.worker())
    const now = await world.look(serviceId)
    expect(now).toMatchObject({ newest: { kind: 'adopt', status: 'done' }, resource: { status: 'ready', vmid }, address: { address: address?.address } })
    const mark = `gardu-${now.resource?.ownershipMark}`
    expect(machineOf(vmid)).toMatchObject({ running: true, config: { tags: `${mark};web`, description: expect.stringMatching(`^${mark}[^]*catatan orang$`) as unknown } })
    expect(await compare()).toEqual([])
  })

  it('a mark that two machines carry is told with both places; no repair is offered', async () => {
    const { serviceId, machine, vmid } = await built()
    sim.state.machines[791] = structuredClone({ ...machine, vmid: 791 })
    expect(await compare()).toMatchObject([{ kind: 'copied_mark', serviceId, detail: { places: `${vmid} (${machine.node}), 791 (${machine.node})` } }])
    expect((await repair('copied_mark')).status).toBe(409)
    destroyedUnseen(791)
    expect(await compare()).toEqual([])
  })

  it('a machine that lost its tag gets it again while its description proves it; one that proves nothing gets none', async () => {
    const { serviceId, mark, machine, vmid } = await built()
    Object.assign(machine.config, { tags: 'web' })
    expect(await compare()).toMatchObject([{ kind: 'untagged', serviceId, vmid }])
    const { description } = machine.config
    Object.assign(machineOf(vmid).config, { description: 'milik orang lain' })
    expect((await repair('untagged')).status).toBe(404)
    expect(machineOf(vmid).config.tags).toBe('web')
    Object.assign(machineOf(vmid).config, { description })
    expect((await repair('untagged')).status).toBe(204)
    expect(machineOf(vmid).config).toMatchObject({ description, tags: expect.stringContaining(`gardu-${mark}`) as unknown })
    expect(await compare()).toEqual([])
  })

  it('a machine that came back under another number is taken over once it proves to be ours; a stranger under that number is not', async () => {
    const { serviceId, machine, vmid } = await built()
    destroyedUnseen(vmid)
    sim.state.machines[792] = { ...machine, vmid: 792 }
    const firewall = sim.state.firewalls[vmid]
    if (firewall) sim.state.firewalls[792] = structuredClone(firewall)
    expect(await compare()).toMatchObject([{ kind: 'renumbered', serviceId, vmid: 792, detail: { expected: vmid } }])
    const tags = machine.config.tags ?? ''
    const description = machine.config.description ?? ''
    Object.assign(machineOf(792).config, { tags: '', description: 'milik orang lain' })
    expect((await repair('renumbered')).status).toBe(404)
    Object.assign(machineOf(792).config, { tags, description })
    expect((await repair('renumbered')).status).toBe(204)
    const [resource] = await test.app.core.database.executor.select().from(resources).where(eq(resources.serviceId, serviceId))
    expect(resource).toMatchObject({ vmid: 792, status: 'ready' })
    expect(await compare()).toEqual([])
  })

  it('a machine that runs although its service is suspended is stopped again by a task', async () => {
    const { serviceId, machine } = await built()
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
    const worker = world.worker()
    await worker.follow({ kind: 'suspend', serviceId, cause: 'x' })
    await world.drain(worker)
    expect(machine.running).toBe(false)
    machine.running = true
    expect(await compare()).toMatchObject([{ kind: 'runs_although_suspended', serviceId }])
    expect((await repair('runs_although_suspended')).status).toBe(204)
    expect((await repair('runs_although_suspended')).status).toBe(409)
    await world.drain(world.worker())
    expect(machine.running).toBe(false)
    expect(await compare()).toEqual([])
  })

  it('a machine that somebody made larger or smaller is made what was sold, and runs again', async () => {
    const { serviceId, machine } = await built()
    Object.assign(machine.config, { cores: '1', memory: '512' })
    expect(await compare()).toMatchObject([{ kind: 'wrong_size', serviceId }])
    expect((await repair('wrong_size')).status).toBe(204)
    await world.drain(world.worker())
    expect(machine.running).toBe(true)
    expect(await compare()).toEqual([])
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'resize', status: 'done' })
  })

  it('an address that an ended service still holds goes back to its pool', async () => {
    const order = await world.paidService()
    const db = test.app.core.database.executor
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: order.serviceId, reason: 'request', note: 'x', actor: system }))
    const worker = world.worker()
    await worker.follow({ kind: 'terminate', serviceId: order.serviceId, cause: 'x' })
    await world.drain(worker)
    await world.addAddress(order.serviceId)
    expect(await compare()).toMatchObject([{ kind: 'leaked_address', serviceId: order.serviceId }])
    expect((await repair('leaked_address')).status).toBe(204)
    expect(await db.select().from(addresses).where(eq(addresses.serviceId, order.serviceId))).toEqual([])
    expect(await compare()).toEqual([])
  })

  it('what staff ignore is counted no more but stays listed with the reason, until it is watched again; a hypervisor that is silent changes nothing of what is known', async () => {
    const { vmid, machine } = await built()
    destroyedUnseen(vmid)
    await compare()
    const [finding] = await list()
    expect((await act(finding?.id ?? '', { action: 'ignore', reason: 'x' })).status).toBe(422)
    expect((await act(finding?.id ?? '', { action: 'ignore', reason: 'dipindahkan besok' })).status).toBe(204)
    expect(await compare()).toEqual([])
    expect(await test.app.provisioning.showStaffOverview()).toMatchObject({ drift: 0 })
    expect((await list('ignored')).map(each => each.ignored?.why)).toEqual(['dipindahkan besok'])
    sim.faults.set({ down: true })
    await test.app.provisioning.checkDrift()
    sim.faults.clear()
    expect(await list('ignored')).toHaveLength(1)
    expect((await act(finding?.id ?? '', { action: 'watch' })).status).toBe(204)
    expect(await compare()).toHaveLength(1)
    sim.state.machines[vmid] = machine
    expect(await compare()).toEqual([])
    expect((await act(finding?.id ?? '', { action: 'watch' })).status).toBe(404)
  })

  it('of a machine that a task is at work on nothing is said', async () => {
    const { serviceId, vmid, machine } = await built()
    await world.worker().act({ id: serviceId, action: 'stop', actor: { kind: 'user', id: (await test.app.core.read.servicePages.find(serviceId))?.clientId ?? '', name: 'Sari Dewi', role: 'client' } })
    destroyedUnseen(vmid)
    expect(await compare()).toEqual([])
    sim.state.machines[vmid] = machine
    await world.drain(world.worker())
  })

  it('is asked for once, however often, by SysAdmin alone', async () => {
    expect((await fetch(`${served.url}/api/admin/drift/check`, { method: 'POST' })).status).toBe(204)
    await test.app.provisioning.requestDriftCheck('b')
    expect(await codeOf(test.app.provisioning.settleDrift({ id: uuidv7(), act: { action: 'watch' }, actor: sysadmin }))).toBe('not_found')
    role = 'business'
    expect((await fetch(`${served.url}/api/admin/drift`)).status).toBe(403)
    role = 'sysadmin'
  })

  it('a card elsewhere, an open or wrong filter and rules of others are told; the filter is repaired by a task and read back, what stays is left alone', async () => {
    const { serviceId, machine, vmid } = await built()
    const card = machine.config.net0 ?? ''
    const firewall = sim.state.firewalls[vmid]
    if (!firewall) throw new Error('no firewall')
    machine.config.net0 = card.replace('vmbr0', 'vmbr1')
    firewall.ipsets['ipfilter-net0'] = [...firewall.ipsets['ipfilter-net0'] ?? [], { cidr: '203.0.113.99' }]
    firewall.rules = [{ type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '25' }]
    const before = sim.journal.length
    const found = await compare()
    expect(found.map(row => [row.kind, row.serviceId]).sort()).toEqual([['foreign_rules', serviceId], ['wrong_filter', serviceId], ['wrong_network', serviceId]])
    expect(found.find(row => row.kind === 'wrong_network')?.detail).toMatchObject({ seen: 'vmbr1', expected: 'vmbr0' })
    expect(found.find(row => row.kind === 'wrong_filter')?.detail.passes).toContain('203.0.113.99')
    expect(sentSince(before)).toEqual([])
    expect((await repair('wrong_network')).status).toBe(409)
    expect((await repair('foreign_rules')).status).toBe(409)
    expect((await repair('wrong_filter')).status).toBeLessThan(300)
    await world.drain(world.worker())
    expect((await compare()).map(row => row.kind).sort()).toEqual(['foreign_rules', 'wrong_network'])
    const rewritten = sim.state.firewalls[vmid]
    if (rewritten) rewritten.options.ipfilter = '0'
    expect((await compare()).map(row => row.kind).sort()).toEqual(['foreign_rules', 'wrong_filter', 'wrong_network'])
    machine.config.net0 = card
    if (rewritten) Object.assign(rewritten, { rules: [], options: { ...rewritten.options, ipfilter: '1' } })
    expect(await compare()).toEqual([])
  })

  it('another hardware address of the card is told as such: it is given back and read back, or taken on without touching the machine; one that was never known is written down and alarms nobody', async () => {
    const { serviceId, machine, vmid } = await built()
    const known = async () => (await world.look(serviceId)).resource?.mac
    const net0 = machine.config.net0 ?? ''
    const [mac = ''] = /(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i.exec(net0) ?? []
    const [other, third] = ['BC:24:11:AA:00:01', 'BC:24:11:AA:00:02'] as const
    expect(await known()).toBe(mac)
    machine.config.net0 = net0.replace(mac, other)
    expect(await compare()).toMatchObject([{ kind: 'wrong_mac', serviceId, vmid, detail: { seen: other, expected: mac } }])
    expect((await list())[0]).toMatchObject({ acts: ['repair', 'adopt'] })
    expect((await repair('wrong_mac')).status).toBe(204)
    expect(machineOf(vmid).config.net0).toBe(net0)
    expect(await compare()).toEqual([])
    machineOf(vmid).config.net0 = net0.replace(mac, third)
    expect(await compare()).toMatchObject([{ kind: 'wrong_mac' }])
    const before = sim.journal.length
    expect((await act((await list())[0]?.id ?? '', { action: 'adopt' })).status).toBe(204)
    expect(sentSince(before)).toEqual([])
    expect(await known()).toBe(third)
    expect(await compare()).toEqual([])
    // As of a machine that was built before addresses were written down.
    await test.app.core.database.executor.update(resources).set({ mac: null }).where(eq(resources.serviceId, serviceId))
    expect(await compare()).toEqual([])
    expect(await known()).toBe(third)
  })

  it('a task that was begun keeps the repair of a card waiting, and what is ours to make is written down by its task', async () => {
    const { serviceId, machine, vmid } = await built()
    const net0 = machine.config.net0 ?? ''
    const mac = (await world.look(serviceId)).resource?.mac ?? ''
    machine.config.net0 = net0.replace(mac, 'BC:24:11:AA:00:03')
    expect(await compare()).toMatchObject([{ kind: 'wrong_mac' }])
    const [finding] = await list()
    await world.beginReinstall(serviceId)
    expect(await codeOf(test.app.provisioning.settleDrift({ id: finding?.id ?? '', act: { action: 'repair' }, actor: sysadmin }))).toBe('action_in_progress')
    await world.drain(world.worker())
    const made = /(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i.exec(machineOf(vmid).config.net0 ?? '')?.[0]
    expect((await world.look(serviceId)).resource?.mac).toBe(made)
    expect(await compare()).toEqual([])
  })
})

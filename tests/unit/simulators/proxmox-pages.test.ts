import { afterEach, describe, expect, test } from 'vitest'
import { startControl } from '../../../simulators/control.ts'
import { filteredAddresses } from '../../../simulators/proxmox/firewall.ts'
import { startProxmoxSimulator } from '../../../simulators/proxmox/index.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})
async function open() {
  const proxmox = await startProxmoxSimulator({ tls: false })
  const control = await startControl({ port: 0, simulators: [{ name: 'proxmox', title: 'Proxmox VE', says: '', url: proxmox.url, page: '/proxmox', faults: proxmox.faults, state: proxmox.state, answer: proxmox.pages }] })
  closers.push(control.close, proxmox.close)
  const { state } = proxmox
  const template = state.machines[9000]
  if (!template) throw new Error('the simulator lost its template')
  const { template: _, ...config } = template.config
  state.machines[105] = { ...structuredClone(template), vmid: 105, running: true, config: { ...config, name: 'web-1.contoh.id', tags: 'gardu-1', ipconfig0: 'ip=203.0.113.10/24,gw=203.0.113.1' } }
  state.firewalls[105] = { options: { enable: '1', ipfilter: '1' }, ipsets: { 'ipfilter-net0': [{ cidr: '203.0.113.10' }] } }
  const look = async () => (await fetch(`${control.url}/proxmox`)).text()
  const press = async (path: string) => (await fetch(`${control.url}/proxmox/${path}`, { method: 'POST', redirect: 'manual' })).status
  return { proxmox, state, control, look, press, machine: state.machines[105] }
}

describe('the page of the hypervisor', () => {
  test('shows nodes, storages, machines with address and filter, templates and tasks, without script and renewing itself', async () => {
    const { look, proxmox } = await open()
    proxmox.faults.set({ holdTasks: true })
    proxmox.tasks.begin({ node: 'pve-jkt1', type: 'qmstart', id: '105', user: 'x', seconds: 1, effect: { kind: 'none' } })
    const text = await look()
    for (const shown of ['pve-jkt1', 'pve-jkt2', 'ceph-vm', '105 web-1.contoh.id', '203.0.113.10/24', 'gardu-1', '9000 debian-12-cloudinit', 'qmstart 105', 'holdTasks: true', 'http-equiv="refresh"']) expect(text).toContain(shown)
    expect(text).not.toContain('<script')
  })
  test('what a machine is called is shown as text', async () => {
    const { look, machine } = await open()
    machine.config.tags = '<b>x</b>'
    expect(await look()).toContain('&lt;b&gt;x&lt;/b&gt;')
  })
  test('a machine is stopped, locked, unfiltered, taken away from Gardu and deleted behind its back', async () => {
    const { press, machine, state } = await open()
    const template = state.machines[9000]
    for (const act of ['stop', 'lock', 'unfilter', 'unmark']) expect(await press(`machines/105/${act}`), act).toBe(303)
    expect(machine).toMatchObject({ running: false, config: { lock: 'backup', tags: 'somebody-else' } })
    expect(filteredAddresses(state, 105)).toBeNull()
    for (const act of ['unlock', 'start']) await press(`machines/105/${act}`)
    expect(machine).toMatchObject({ running: true, config: { tags: 'somebody-else' } })
    expect(machine.config.lock).toBeUndefined()
    machine.config.tags = 'gardu-1'
    for (const act of ['untag', 'stop', 'halve']) expect(await press(`machines/105/${act}`), act).toBe(303)
    expect(machine.config).toMatchObject({ memory: String(Number(template?.config.memory) / 2) })
    expect(machine.config.tags).toBeUndefined()
    await press('machines/105/remove')
    expect([state.machines[105], state.firewalls[105]]).toEqual([undefined, undefined])
  })
  test('a button of an old page, a template and an unknown act change nothing', async () => {
    const { press, state } = await open()
    const before = JSON.stringify(state)
    expect(await press('machines/105/start')).toBe(303)
    expect(await press('machines/9000/remove')).toBe(303)
    expect(await press('machines/105/unlock')).toBe(303)
    expect(await press('machines/105/explode')).toBe(404)
    expect(await press('machines/105/constructor')).toBe(404)
    expect(await press('faults/constructor')).toBe(404)
    expect(JSON.stringify(state)).toBe(before)
  })
  test('looking at an act\'s address does nothing', async () => {
    const { control, machine } = await open()
    expect((await fetch(`${control.url}/proxmox/machines/105/stop`)).status).toBe(404)
    expect(machine.running).toBe(true)
  })
  test('a storage is filled up and gets its room back; a node is cut off and comes back; the firewall is switched', async () => {
    const { press, state, look } = await open()
    const at = state.storages.findIndex(({ storage }) => storage === 'ceph-vm')
    const before = state.storages[at]?.otherUse
    await press(`storages/${at}`)
    expect(await look()).toContain('4096 GiB of 4096 GiB')
    await press(`storages/${at}`)
    expect(state.storages[at]).toMatchObject({ otherUse: before })
    await press('nodes/pve-jkt2')
    expect(state.nodes[1]?.online).toBe(false)
    await press('nodes/pve-jkt2')
    expect(state.nodes[1]?.online).toBe(true)
    await press('firewall')
    expect(await look()).toContain('without effect')
    await press('firewall')
    expect(filteredAddresses(state, 105)).toEqual(['203.0.113.10'])
  })
  test('faults are set and taken back, a hanging task is aborted, and the page itself never fails', async () => {
    const { press, proxmox, look } = await open()
    for (const name of ['hold-tasks', 'lose-answer', 'refuse', 'slow', 'down', 'fail-clones']) expect(await press(`faults/${name}`), name).toBe(303)
    expect(proxmox.faults.current).toMatchObject({ holdTasks: true, hangAfterAct: 1, failNext: 3, down: true, failTasks: '^qmclone$' })
    proxmox.tasks.begin({ node: 'pve-jkt1', type: 'qmstart', id: '105', user: 'x', seconds: 1, effect: { kind: 'none' } })
    const [task] = proxmox.state.tasks
    await press(`tasks/${task?.pid}`)
    expect(task?.exitstatus).toBe('interrupted by signal')
    await press('faults/clear')
    expect(proxmox.faults.current).toMatchObject({ holdTasks: false, hangAfterAct: 0, down: false })
    expect(await look()).toContain('No fault is set.')
  })
})

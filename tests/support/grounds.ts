import { eq } from 'drizzle-orm'
import { templates } from '#db/schema/index.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { MachineType } from '#shared/vocabulary/machines.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { createEsxiDriver, createVcenterDriver } from '#server/drivers/hypervisor/vsphere/driver.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { TestApp } from './app.ts'
import { driversOf, provisioningWorld } from './provisioning.ts'
import type { ProvisioningWorld } from './provisioning.ts'
import type { Ground } from './tasks.ts'
import { snapshotOf, vsphereWorld } from './vcsim.ts'
import type { VsphereMode } from './vcsim.ts'

const capabilities = (kind: Parameters<typeof machineCapabilities>[0], type: MachineType = 'vm') => {
  const can = machineCapabilities(kind, type)
  if (!can) throw new Error(`${kind} carries no machines`)
  return can
}

const containerTemplate = 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst'
export interface ProxmoxGround extends Ground {
  /** Every request so far that may have changed something. */
  acts(): readonly string[]
  /** What its machines are, to compare. */
  machines(): string
}
/** The Proxmox simulator, over its wire. `roomy`: its storages never run full. */
export async function proxmoxGround(test: TestApp, type: MachineType, roomy = false): Promise<ProxmoxGround> {
  let world: ProvisioningWorld | null = null
  const simulator = await startProxmoxSimulator({ delayFactor: 0, now: () => world?.wallClock.now().getTime() ?? Date.parse('2026-11-02T03:00:00Z') })
  if (roomy) for (const storage of simulator.state.storages) storage.total = 2 ** 50
  const { core, infrastructure } = test.app
  const container = type === 'container'
  const drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf('proxmox', access => createProxmoxDriver(access, { connectMilliseconds: 2_000, totalMilliseconds: 4_000 })) })
  world = await provisioningWorld(test, { url: simulator.url, fingerprint: simulator.fingerprint, token: simulator.token, node: 'pve-jkt1', storage: 'ceph-vm', ...(container ? { template: { ref: containerTemplate } } : {}), open: drivers.open, capacity: async () => [{ connectionId: world?.connectionId ?? '', node: 'pve-jkt1' }], roomOnNodes: infrastructure.roomOnNodes })
  if (container) await core.database.executor.update(templates).set({ machineType: 'container', username: 'root' }).where(eq(templates.id, world.templateId))
  const [template] = Object.values(simulator.state.machines)
  if (!template) throw new Error('the simulator has no template')
  const { template: _, ...config } = structuredClone(template.config)
  simulator.state.machines[999] = { ...structuredClone(template), vmid: 999, running: true, config: { ...config, name: 'milik-orang', tags: '' } }
  const { connectionId } = world
  return {
    world, open: drivers.open, can: capabilities('proxmox', type), container, nodes: simulator.state.nodes.map(({ name }) => name), backupStorage: 'local', image: { ref: 'local:iso/systemrescue-12.02-amd64.iso', name: 'systemrescue-12.02-amd64.iso', nodes: simulator.state.nodes.map(({ name }) => name) },
    creates: () => simulator.journal.filter(line => container ? /^POST .*\/lxc$/.test(line) : /^POST .*\/clone$/.test(line)).length, marked: async () => (await (await drivers.open(connectionId)).listMarkedMachines()).length,
    acts: () => simulator.journal.filter(line => !line.startsWith('GET ')), machines: () => JSON.stringify(simulator.state.machines), lose: vmid => void Reflect.deleteProperty(simulator.state.machines, vmid), stranger: async () => JSON.stringify(simulator.state.machines[999]),
    async close() {
      drivers.closeAll()
      infrastructure.closeHypervisors()
      await simulator.close()
    },
  }
}

/** VMware's simulator, over its wire. */
export async function vsphereGround(test: TestApp, mode: VsphereMode): Promise<Ground> {
  const vsphere = await vsphereWorld(mode)
  const { core } = test.app
  const create = mode === 'vcenter' ? createVcenterDriver : createEsxiDriver
  const drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf(mode, access => create({ ...access, tls: { mode: 'system', caPem: null, fingerprint: null } }, { totalMilliseconds: 5_000 })) })
  const nodes = [vsphere.node, vsphere.otherNode]
  const world: ProvisioningWorld = await provisioningWorld(test, {
    kind: mode, url: vsphere.proxy.url, fingerprint: null, token: { id: vsphere.simulator.username, secret: vsphere.simulator.password }, node: vsphere.node, storage: 'LocalDS_0', bridge: 'VM Network', template: { ref: vsphere.template.ref }, open: drivers.open,
    capacity: async () => [{ connectionId: world.connectionId, node: vsphere.node }], roomOnNodes: async () => nodes.map(node => ({ node, memoryTotal: 2 ** 37, memoryFree: 2 ** 36, storageFree: 2 ** 40, cpuCores: 16, diskGiB: 0, takesDisks: true, fits: true })),
  })
  await vsphere.makeMachine('milik-orang (999)')
  return {
    world, open: drivers.open, can: capabilities(mode), container: false, nodes, backupStorage: '', image: { ref: '', name: '', nodes: [] },
    creates: () => vsphere.proxy.journal.filter(call => call === (mode === 'vcenter' ? 'CloneVM_Task' : 'CreateVM_Task')).length, marked: async () => (await (await drivers.open(world.connectionId)).listMarkedMachines()).length,
    lose: () => { throw new Error('nothing that VMware does begins with a lost machine') },
    stranger: async () => String(snapshotOf(await vsphere.machineOf(999))),
    async close() {
      drivers.closeAll()
      await vsphere.close()
    },
  }
}

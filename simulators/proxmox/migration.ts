import { machineAt, unlocked, vm } from './call.ts'
import type { CallDefinition } from './call.ts'
import { die, Refusal } from './replies.ts'
import { disksOf, findStorage, isDiskKey, memoryOf, memoryUse, storageUse } from './state.ts'
import type { Effect, ProxmoxState, SimMachine } from './state.ts'

const aborted = 'migration aborted'
/** CD drives with something in them, cloud-init's among them. */
const discsOf = (machine: SimMachine) => Object.entries(machine.config).filter(([key, value]) => isDiskKey(key) && value.includes('media=cdrom') && !value.startsWith('none')).map(([, value]) => value.split(',')[0] ?? '')
const storageOf = (volid: string) => volid.split(':')[0] ?? ''
const isLocal = (state: ProxmoxState, machine: SimMachine, storage: string) => findStorage(state, machine.node, storage)?.node !== null

function localDisks(state: ProxmoxState, machine: SimMachine) {
  return [
    ...disksOf(machine).filter(disk => isLocal(state, machine, disk.storage)).map(disk => ({ volid: disk.volid, size: disk.bytes, cdrom: 0, is_unused: 0 })),
    ...discsOf(machine).filter(volid => isLocal(state, machine, storageOf(volid))).map(volid => ({ volid, size: 0, cdrom: 1, is_unused: 0 })),
  ]
}
const localResources = (machine: SimMachine) => Object.keys(machine.config).filter(key => /^(hostpci|usb)\d+$/.test(key))
const missingStorages = (state: ProxmoxState, machine: SimMachine, node: string) => [...new Set([...disksOf(machine).map(disk => disk.storage), ...discsOf(machine).map(storageOf)])].filter(storage => !findStorage(state, node, storage)?.active)

/** The worker: null when the machine is there. The original's reason stands only in its log; its end says that it was given up. */
export function finishMigration(state: ProxmoxState, machine: SimMachine, { to, online, withLocalDisks }: Extract<Effect, { kind: 'migrate' }>): string | null {
  const node = state.nodes.find(entry => entry.name === to)
  const local = localDisks(state, machine)
  const foreign = local.some(disk => disk.cdrom === 1 && !disk.volid.includes(`vm-${machine.vmid}-cloudinit`))
  if (!node?.online || localResources(machine).length > 0 || foreign || missingStorages(state, machine, to).length > 0) return aborted
  if (disksOf(machine).some(disk => !findStorage(state, to, disk.storage)?.content.split(',').includes('images'))) return aborted
  const disks = local.filter(disk => disk.cdrom === 0)
  if (machine.running && (!online || (disks.length > 0 && (!withLocalDisks || machine.snapshots.length > 0)))) return aborted
  if (machine.running && memoryUse(state, to) + memoryOf(machine) > node.memory) return aborted
  for (const [name, own] of Map.groupBy(disks, disk => storageOf(disk.volid))) {
    const storage = findStorage(state, to, name)
    if (!storage || storageUse(state, storage) + own.reduce((sum, disk) => sum + disk.size, 0) > storage.total) return aborted
  }
  machine.node = to
  Reflect.deleteProperty(machine.config, 'lock')
  return null
}

export const migrationCalls: Readonly<Record<string, CallDefinition>> = {
  'GET /nodes/{node}/qemu/{vmid}/migrate': { needs: [vm, 'VM.Migrate'], handle: (call) => {
    const { state } = call
    const machine = machineAt(call)
    const others = state.nodes.filter(({ name, online }) => online && name !== machine.node)
    const refused = others.map(({ name }) => [name, missingStorages(state, machine, name)] as const).filter(([, missing]) => missing.length > 0)
    return {
      running: machine.running ? 1 : 0, local_disks: localDisks(state, machine), local_resources: localResources(machine),
      ...(machine.running ? {} : { allowed_nodes: others.map(({ name }) => name).filter(name => refused.every(([node]) => node !== name)), not_allowed_nodes: Object.fromEntries(refused.map(([name, missing]) => [name, { unavailable_storages: missing }])) }),
    }
  } },
  'POST /nodes/{node}/qemu/{vmid}/migrate': { needs: [vm, 'VM.Migrate'], handle: (call) => {
    const machine = unlocked(call)
    const { target = '' } = call.params
    if (!call.state.nodes.some(({ name }) => name === target)) throw new Refusal(400, 'Parameter verification failed.', { target: `no such cluster node '${target}'` })
    if (target === machine.node) throw new Refusal(400, 'Parameter verification failed.', { target: 'target is local node.' })
    if (call.params.force === '1') throw new Refusal(403, 'Only root may use this option.')
    if (machine.running && call.params.online !== '1') die('can\'t migrate running VM without --online')
    machine.config.lock = 'migrate'
    call.changed()
    return call.tasks.begin({ node: machine.node, type: 'qmigrate', id: String(machine.vmid), user: call.token.id, seconds: 12, effect: { kind: 'migrate', vmid: machine.vmid, to: target, online: call.params.online === '1', withLocalDisks: call.params['with-local-disks'] === '1' } })
  } },
}

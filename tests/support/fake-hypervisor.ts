import { DriverError } from '#shared/errors/driver-error.ts'
import { hypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { FirewallRule } from '#shared/vocabulary/firewall.ts'
import type { PowerState } from '#shared/vocabulary/machines.ts'
import type { HypervisorDriver, MachineRef, MachineSnapshot, MachineSpec, MachineState, TaskHandle, TaskState } from '#server/infrastructure/ports.ts'

export interface FakeMachine { vmid: number, node: string, mark: string | null, name: string, power: PowerState, lock: string | null, cores: number, ramMiB: number, diskGiB: number, rateMbps: number | null, ipv4: string | null, ipv6?: string | null, startsAtBoot: boolean, networkUp: boolean, password: string | null, bootedAt: number, filtered: readonly string[] | null, firewall?: { policyIn: 'accept' | 'drop', rules: readonly FirewallRule[], foreign: readonly string[] }, sshKey?: string | null, passwordInside?: string, iso?: string | null, /** What it was started with. */ booted?: { readonly password: string | null, readonly sshKey: string | null, readonly name: string, readonly iso: string | null }, /** Token of the last restore. */ restored?: string, snapshots?: (MachineSnapshot & { readonly kept: Partial<FakeMachine> })[] }
type Act = 'nextFreeId' | 'listTemplates' | 'listHeadroom' | 'findByMark' | 'clone' | 'task' | 'configure' | 'growDisk' | 'filterAddresses' | 'readFirewall' | 'setFirewall' | 'resize' | 'start' | 'shutdown' | 'stop' | 'reboot' | 'setSuspended' | 'inspect' | 'destroy' | 'listSnapshots' | 'createSnapshot' | 'rollbackSnapshot' | 'deleteSnapshot' | 'metrics' | 'setPasswordInside' | 'keepLogin' | 'rename' | 'giveIpv6' | 'readAccess' | 'attachRescue' | 'detachRescue' | 'readRescue' | 'listBackups' | 'createBackup' | 'deleteBackup' | 'restoreBackup' | 'readBackup' | 'makeForBackup' | 'moveObstacle' | 'moveMachine' | 'listMachines' | 'readStranger' | 'adoptMachine' | 'completeMark' | 'releaseMachine' | 'setRate'
export interface FakeBackup { id: string, ownershipMark: string, vmid: number, volume: string, sizeBytes: number, at: Date, kept: Partial<FakeMachine> }
export type Moment = 'before' | 'after'

/** A hypervisor in memory that obeys the port: numbers, marks, locks, tasks that take some looks, and whatever a test makes go wrong. */
export class FakeHypervisor {
  readonly machines = new Map<number, FakeMachine>()
  readonly journal: string[] = []
  readonly tasks = new Map<string, { looks: number, end: () => TaskState, state: TaskState | null }>()
  /** How often a task says "running" before it has ended. */
  looks = 1
  down = false
  templates = new Set(['9000'])
  storageFree = 2 ** 40
  /** A clone fails as a task with this message, as a full storage does. */
  cloneTaskFails: string | null = null
  /** Going back to a snapshot is refused with this message, as some storages do. */
  rollbackRefused: string | null = null
  /** Whether an agent answers in the guests; a text: it refuses with it. */
  agent: boolean | string = true
  /** Images that can be attached. */
  isos = new Set(['local:iso/rescue.iso'])
  backups: FakeBackup[] = []
  /** A backup ends as a task that failed with this message. */
  backupTaskFails: string | null = null
  /** Restoring is refused with this message before anything is touched. */
  restoreRefused: string | null = null
  /** What its nodes could take, as infrastructure tells it. */
  rooms: { node: string, fits?: boolean }[] = [{ node: 'jkt1' }, { node: 'jkt2' }, { node: 'jkt3' }]
  /** What stands against a move before it is begun; and the end of a move that does not succeed. */
  moveObstacle: string | null = null
  moveTaskFails: string | null = null
  hook: (act: Act, moment: Moment) => void | Promise<void> = () => {}
  now: () => number = () => 0
  #next = 0

  mine(mark: string) { return [...this.machines.values()].filter(machine => machine.mark === mark) }
  count(act: Act) { return this.journal.filter(line => line === act).length }

  #task(effect: () => void, failure: string | null = null, undo: () => void = () => {}): TaskHandle {
    const id = `task-${++this.#next}`
    this.tasks.set(id, { looks: this.looks, state: null, end: () => {
      if (failure !== null) {
        undo()
        return { state: 'failed', message: failure, kind: 'retryable' }
      }
      effect()
      return { state: 'done', warnings: false }
    } })
    if (this.looks === 0) this.#look(id)
    return { id, node: 'jkt1' }
  }

  #look(id: string): TaskState {
    const task = this.tasks.get(id)
    if (!task) throw new DriverError('not_found', 'no such task')
    if (task.state) return task.state
    if (task.looks-- > 0) return { state: 'running' }
    return task.state = task.end()
  }

  /** Time passes at the hypervisor: all tasks come to their end. */
  settle() {
    for (const [id, task] of this.tasks) {
      task.looks = 0
      this.#look(id)
    }
  }

  #ours({ vmid, ownershipMark }: MachineRef): FakeMachine {
    const machine = this.machines.get(vmid)
    if (!machine) throw new DriverError('not_found', `VM ${vmid} does not exist`)
    if (machine.mark !== ownershipMark) throw new DriverError('not_ours', `VM ${vmid} does not carry our mark`)
    if (machine.lock) throw new DriverError('retryable', `VM is locked (${machine.lock})`)
    return machine
  }

  driver(): HypervisorDriver {
    const act = async <T>(name: Act, work: () => T): Promise<T> => {
      await this.hook(name, 'before')
      this.journal.push(name)
      if (this.down) throw new DriverError('retryable', 'connection refused')
      const result = work()
      await this.hook(name, 'after')
      return result
    }
    const power = (name: Act, machine: MachineRef, effect: (found: FakeMachine) => void) => act(name, () => {
      const found = this.#ours(machine)
      return this.#task(() => effect(found))
    })
    const boot = (machine: FakeMachine) => {
      machine.power = 'running'
      machine.booted = { password: machine.password, sshKey: machine.sshKey ?? null, name: machine.name, iso: machine.iso ?? null }
      machine.bootedAt = this.now()
    }
    const none = () => Promise.reject(new Error('not part of this fake'))
    return {
      capabilities: hypervisorCapabilities.proxmox, test: async function* () {}, version: none, filtersApply: none, listNodes: none, look: none, listMarkedMachines: none,
      listTemplates: () => act('listTemplates', () => [...this.templates].map(ref => ({ node: 'jkt1', ref, name: `template-${ref}`, osFamily: 'debian', username: 'debian', diskGiB: 5, nodes: [] as string[], machineType: 'vm' as const }))),
      listHeadroom: () => act('listHeadroom', () => [{ node: 'jkt1', memoryTotal: 2 ** 37, memoryFree: 2 ** 36, storageFree: this.storageFree, cpuCores: 16, storageKey: 'local' }]),
      nextFreeId: () => act('nextFreeId', () => {
        let id = 100
        while (this.machines.has(id)) id++
        return id
      }),
      findByMark: mark => act('findByMark', () => {
        const found = this.mine(mark)[0]
        return found ? { node: found.node, vmid: found.vmid } : null
      }),
      clone: input => act('clone', () => {
        if (!this.templates.has(input.template.ref)) throw new DriverError('action_required', `template ${input.template.ref} does not exist`, { who: 'sysadmin' })
        if (this.machines.has(input.vmid)) throw new DriverError('retryable', `VM ${input.vmid} already exists`)
        const failure = this.cloneTaskFails
        const machine: FakeMachine = { vmid: input.vmid, node: input.node, mark: input.ownershipMark, name: input.hostname, power: 'stopped', lock: failure === null ? 'clone' : null, cores: 1, ramMiB: 512, diskGiB: 5, rateMbps: null, ipv4: null, startsAtBoot: false, networkUp: true, password: null, bootedAt: 0, filtered: null }
        this.machines.set(input.vmid, machine)
        return this.#task(() => {
          machine.lock = null
        }, failure)
      }),
      task: handle => act('task', () => this.#look(handle.id)),
      configure: (machine: MachineRef, spec: MachineSpec) => act('configure', () => {
        const found = this.#ours(machine)
        return this.#task(() => Object.assign(found, { cores: spec.cpuCores, ramMiB: spec.ramMiB, rateMbps: spec.rateMbps, ipv4: spec.address.ipv4, ipv6: spec.address.ipv6?.address ?? null, startsAtBoot: true, networkUp: true, password: spec.login.password, sshKey: spec.login.sshKey }))
      }),
      growDisk: (machine, diskGiB) => act('growDisk', () => {
        const found = this.#ours(machine)
        return found.diskGiB >= diskGiB
          ? null
          : this.#task(() => {
              found.diskGiB = diskGiB
            })
      }),
      filterAddresses: (machine, addresses) => act('filterAddresses', () => void (this.#ours(machine).filtered = [...addresses])),
      readFirewall: machine => act('readFirewall', () => {
        const { policyIn, rules, foreign } = this.#ours(machine).firewall ?? { policyIn: 'accept' as const, rules: [], foreign: [] }
        return { policyIn, rules, foreign, tidy: true }
      }),
      setFirewall: (machine, { policyIn, rules }) => act('setFirewall', () => {
        const found = this.#ours(machine)
        found.firewall = { policyIn, rules, foreign: found.firewall?.foreign ?? [] }
      }),
      // It has no screens: what is behind the port is proven with the simulator.
      openConsole: async () => null,
      resize: (machine, size) => act('resize', () => {
        const found = this.#ours(machine)
        if (found.cores === size.cpuCores && found.ramMiB === size.ramMiB && found.rateMbps === size.rateMbps) return null
        return this.#task(() => {
          // What runs takes CPU and memory on at its next start.
          if (found.power !== 'stopped') throw new Error('resized while it runs')
          Object.assign(found, { cores: size.cpuCores, ramMiB: size.ramMiB, rateMbps: size.rateMbps })
        })
      }),
      setRate: (machine, rateMbps) => act('setRate', () => {
        const found = this.#ours(machine)
        return found.rateMbps === rateMbps ? null : this.#task(() => void (found.rateMbps = rateMbps))
      }),
      start: machine => act('start', () => {
        const found = this.#ours(machine)
        return found.power === 'running' ? null : this.#task(() => boot(found))
      }),
      shutdown: machine => power('shutdown', machine, found => void (found.power = 'stopped')),
      stop: machine => power('stop', machine, found => void (found.power = 'stopped')),
      reboot: machine => power('reboot', machine, boot),
      forgetFirstBoot: () => Promise.resolve(),
      setSuspended: (machine, suspended) => act('setSuspended', () => {
        Object.assign(this.#ours(machine), { startsAtBoot: !suspended, networkUp: !suspended })
      }),
      inspect: machine => act('inspect', (): MachineState | null => {
        const found = this.mine(machine.ownershipMark)[0]
        return found
          ? { node: found.node, vmid: found.vmid, name: found.name, power: found.power, lock: found.lock, cpu: 0.1, cpuCores: found.cores, memoryUsedMiB: 100, memoryTotalMiB: found.ramMiB, diskGiB: found.diskGiB, uptimeSeconds: (this.now() - found.bootedAt) / 1000, ownershipMark: found.mark, ipv4: found.ipv4, ipv6: found.ipv6 ?? null, rateMbps: found.rateMbps, startsAtBoot: found.startsAtBoot, networkUp: found.networkUp, filteredAddresses: found.filtered }
          : null
      }),
      listSnapshots: machine => act('listSnapshots', () => (this.#ours(machine).snapshots ?? []).map(({ name, title, at }) => ({ name, title, at }))),
      createSnapshot: (machine, { name, title }) => act('createSnapshot', () => {
        const found = this.#ours(machine)
        if (found.snapshots?.some(row => row.name === name)) return null
        const { cores, ramMiB, diskGiB, rateMbps, filtered, networkUp } = found
        return this.#task(() => void (found.snapshots ??= []).push({ name, title, at: new Date(this.now()), kept: { cores, ramMiB, diskGiB, rateMbps, filtered, networkUp } }))
      }),
      rollbackSnapshot: (machine, name) => act('rollbackSnapshot', () => {
        const found = this.#ours(machine)
        const row = found.snapshots?.find(entry => entry.name === name)
        if (!row) throw new DriverError('not_found', `snapshot '${name}' does not exist`)
        if (found.power !== 'stopped') throw new DriverError('retryable', 'the machine runs')
        if (this.rollbackRefused !== null) throw new DriverError('permanent', this.rollbackRefused)
        return this.#task(() => Object.assign(found, row.kept))
      }),
      deleteSnapshot: (machine, name) => act('deleteSnapshot', () => {
        const found = this.#ours(machine)
        return found.snapshots?.some(row => row.name === name) ? this.#task(() => void (found.snapshots = found.snapshots?.filter(row => row.name !== name))) : null
      }),
      setPasswordInside: (machine, { password }) => act('setPasswordInside', () => {
        const found = this.#ours(machine)
        if (typeof this.agent === 'string') throw new DriverError('permanent', this.agent)
        if (!this.agent || found.power !== 'running') return false
        found.passwordInside = password
        return true
      }),
      keepLogin: (machine, { password, sshKey }) => act('keepLogin', () => void Object.assign(this.#ours(machine), { ...(password === undefined ? {} : { password }), ...(sshKey === undefined ? {} : { sshKey }) })),
      setCardAddress: none,
      giveIpv6: (machine, { ipv6 }) => act('giveIpv6', () => void (this.#ours(machine).ipv6 = ipv6.address)),
      rename: (machine, hostname) => act('rename', () => void (this.#ours(machine).name = hostname)),
      readAccess: machine => act('readAccess', () => {
        const { name, sshKey, password } = this.#ours(machine)
        return { hostname: name, sshKey: sshKey ?? null, hasPassword: password !== null }
      }),
      listIsos: none,
      listNetworks: () => Promise.resolve({ networks: [{ name: 'vmbr0', kind: 'bridge', takesTags: true, vlanTag: null, nodes: ['pve1', 'pve2'] }], unread: [] }),
      attachRescue: (machine, ref) => act('attachRescue', () => {
        const found = this.#ours(machine)
        if (found.power !== 'stopped') throw new DriverError('retryable', 'the machine runs')
        if (!this.isos.has(ref)) throw new DriverError('action_required', `volume '${ref}' does not exist`, { who: 'sysadmin' })
        found.iso = ref
      }),
      detachRescue: machine => act('detachRescue', () => {
        const found = this.#ours(machine)
        if (!found.iso) return
        if (found.power !== 'stopped') throw new DriverError('retryable', 'the machine runs')
        found.iso = null
      }),
      readRescue: machine => act('readRescue', () => this.#ours(machine).iso ?? null),
      moveObstacle: machine => act('moveObstacle', () => {
        this.#ours(machine)
        return this.moveObstacle
      }),
      moveMachine: (machine, to) => act('moveMachine', () => {
        const found = this.#ours(machine)
        if (found.node === to.node) return null
        if (this.moveObstacle !== null) throw new DriverError('action_required', this.moveObstacle, { who: 'sysadmin' })
        if (!to.live && found.power !== 'stopped') throw new DriverError('retryable', 'the machine runs')
        found.lock = 'migrate'
        const failure = this.moveTaskFails
        return this.#task(() => Object.assign(found, { lock: null, node: to.node }), failure, () => void (found.lock = null))
      }),
      listMachines: () => act('listMachines', () => [...this.machines.values()].map(({ node, vmid, name, mark, power, cores, ramMiB, diskGiB }) => ({ node, vmid, name, ownershipMark: mark, power, cpuCores: cores, memoryTotalMiB: ramMiB, diskGiB }))),
      readStranger: vmid => act('readStranger', () => {
        const found = this.machines.get(vmid)
        if (!found) return null
        const { node, name, mark, power, lock, ipv4, cores, ramMiB, diskGiB, rateMbps, snapshots } = found
        return { node, vmid, name, power, lock, template: false, marks: mark === null ? [] : [mark], ipv4, cpuCores: cores, memoryTotalMiB: ramMiB, diskGiB, rateMbps, keptSnapshots: (snapshots ?? []).map(row => row.name) }
      }),
      adoptMachine: ({ vmid, ownershipMark, instead, address }) => act('adoptMachine', () => {
        const found = this.machines.get(vmid)
        if (!found) throw new DriverError('not_found', `VM ${vmid} does not exist`)
        if (found.mark !== null && found.mark !== ownershipMark && found.mark !== instead) throw new DriverError('not_ours', `VM ${vmid} carries another mark`)
        if (found.lock) throw new DriverError('retryable', `VM is locked (${found.lock})`)
        found.mark = ownershipMark
        if (address) found.ipv4 = address.ipv4
      }),
      completeMark: machine => act('completeMark', () => void this.#ours(machine)),
      releaseMachine: machine => act('releaseMachine', () => void (this.#ours(machine).mark = null)),
      metrics: machine => act('metrics', () => {
        this.#ours(machine)
        return [0, 1, 2].map(i => ({ at: new Date(this.now() - (2 - i) * 60_000), cpu: i === 0 ? null : 0.1 * i, memoryUsed: 100 * i, memoryTotal: 1000, diskRead: i, diskWrite: i, netIn: i, netOut: i }))
      }),
      listBackups: vmid => act('listBackups', () => ({ backups: this.backups.filter(row => row.vmid === vmid).map(({ kept: _, ...row }) => ({ ...row, node: 'jkt1' })), complete: true })),
      createBackup: (machine, id) => act('createBackup', () => {
        const found = this.machines.get(machine.vmid)
        if (found?.lock === 'backup') throw new DriverError('retryable', 'VM is locked (backup)')
        const ours = this.#ours(machine)
        if (this.backups.some(row => row.id === id)) return null
        const failure = this.backupTaskFails
        ours.lock = failure === null ? 'backup' : null
        return this.#task(() => {
          ours.lock = null
          const { cores, ramMiB, diskGiB, rateMbps, filtered, networkUp, ipv4 } = ours
          this.backups.push({ id, ownershipMark: machine.ownershipMark, vmid: machine.vmid, volume: `nas:backup/${id}`, sizeBytes: 2 ** 30, at: new Date(this.now()), kept: { cores, ramMiB, diskGiB, rateMbps, filtered, networkUp, ipv4 } })
        }, failure)
      }),
      deleteBackup: backup => act('deleteBackup', () => this.backups.some(row => row.id === backup.id && row.ownershipMark === backup.ownershipMark) ? this.#task(() => void (this.backups = this.backups.filter(row => row.id !== backup.id))) : null),
      readBackup: backup => act('readBackup', () => {
        const row = this.backups.find(entry => entry.id === backup.id && entry.ownershipMark === backup.ownershipMark)
        if (!row) throw new DriverError('not_found', 'the backup is not there')
        return { machineType: 'vm' as const, diskGiB: row.kept.diskGiB ?? null, nodes: ['jkt1'] }
      }),
      makeForBackup: input => act('makeForBackup', () => {
        if (this.machines.has(input.vmid)) throw new DriverError('retryable', `VM ${input.vmid} already exists`)
        const machine: FakeMachine = { vmid: input.vmid, node: input.node, mark: input.ownershipMark, name: input.hostname, power: 'stopped', lock: 'create', cores: 1, ramMiB: 512, diskGiB: 0, rateMbps: null, ipv4: null, startsAtBoot: false, networkUp: true, password: null, bootedAt: 0, filtered: null }
        this.machines.set(input.vmid, machine)
        return this.#task(() => {
          machine.lock = null
        })
      }),
      restoreBackup: (machine, backup, token) => act('restoreBackup', () => {
        const found = this.#ours(machine)
        if (found.restored === token) return null
        if (found.power !== 'stopped') throw new DriverError('retryable', 'the machine runs')
        const row = this.backups.find(entry => entry.id === backup.id && entry.ownershipMark === backup.ownershipMark)
        if (!row) throw new DriverError('not_found', 'the backup is not there')
        if (this.restoreRefused !== null) throw new DriverError('permanent', this.restoreRefused)
        found.lock = 'create'
        return this.#task(() => Object.assign(found, { ...row.kept, lock: null, restored: token, snapshots: [] }))
      }),
      destroy: machine => act('destroy', () => {
        if (!this.machines.has(machine.vmid)) return null
        const found = this.#ours(machine)
        if (found.power !== 'stopped') throw new DriverError('retryable', 'VM is running')
        return this.#task(() => void this.machines.delete(found.vmid))
      }),
    }
  }
}

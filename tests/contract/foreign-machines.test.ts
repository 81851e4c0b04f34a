import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DriverError } from '#shared/errors/driver-error.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { createWhmDriver } from '#server/drivers/panel/whm/driver.ts'
import type { AccountRef, HypervisorDriver, MachineRef, PanelDriver } from '#server/infrastructure/ports.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { SimMachine } from '../../simulators/proxmox/state.ts'
import { startWhmSimulator } from '../../simulators/whm/index.ts'
import type { WhmSimulator } from '../../simulators/whm/index.ts'
import { mark, otherMark, spec } from './hypervisor.bench.ts'

/** So many random histories of each kind, over the wire; 10,000 of them take some minutes. */
const histories = Number(process.env.GARDU_TEST_HISTORIES ?? 300)
const refused: readonly string[] = ['not_ours', 'not_found']
/** What became of an act: null when it ended, else the kind of its failure. */
const endOf = (work: Promise<unknown>): Promise<string | null> => work.then(() => null, (error: unknown) => {
  if (error instanceof DriverError) return error.kind
  throw error
})

// Machines ------------------------------------------------------------------------------------------------------------------------------
const ourNumber = 200
const numbers = [ourNumber, 201, 202] as const
const texts = ['milik orang', `gardu-${mark}`, `gardu-${mark.toUpperCase()} dan catatan`, `gardu-${otherMark}`, `gardu-${mark} gardu-${otherMark}`, `gardu-${mark.slice(0, -1)}`, `gardu${mark}`, ''] as const
const machineEvent = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), container: fc.boolean(), vmid: fc.constantFrom(...numbers), description: fc.constantFrom(...texts), tags: fc.constantFrom(...texts.slice(0, 5)) }),
  fc.record({ kind: fc.constant('copy' as const), from: fc.constantFrom(...numbers), to: fc.constantFrom(...numbers) }),
  fc.record({ kind: fc.constant('remark' as const), vmid: fc.constantFrom(...numbers), description: fc.constantFrom(...texts), tags: fc.constantFrom(...texts.slice(0, 5)) }),
  fc.record({ kind: fc.constant('rename' as const), vmid: fc.constantFrom(...numbers), name: fc.constantFrom(spec.hostname, 'milik-orang') }),
  fc.record({ kind: fc.constant('migrate' as const), vmid: fc.constantFrom(...numbers) }),
  fc.record({ kind: fc.constant('power' as const), vmid: fc.constantFrom(...numbers), running: fc.boolean() }),
  fc.record({ kind: fc.constant('lock' as const), vmid: fc.constantFrom(...numbers), lock: fc.constantFrom('', 'backup', 'clone', 'create') }),
  fc.record({ kind: fc.constant('vanish' as const), vmid: fc.constantFrom(...numbers) }),
)
const machineActs = {
  start: (driver, machine) => driver.start(machine), stop: (driver, machine) => driver.stop(machine), reboot: (driver, machine) => driver.reboot(machine),
  shutdown: (driver, machine) => driver.shutdown(machine, { timeoutSeconds: 1, force: true }), suspend: (driver, machine) => driver.setSuspended(machine, true), resume: (driver, machine) => driver.setSuspended(machine, false),
  resize: (driver, machine) => driver.resize(machine, { cpuCores: 4, ramMiB: 8192, rateMbps: 200 }), growDisk: (driver, machine) => driver.growDisk(machine, 80), configure: (driver, machine) => driver.configure(machine, spec),
  giveIpv6: (driver, machine) => driver.giveIpv6(machine, { ipv6: { address: '2001:db8:10:5::1', length: 64, gateway: 'fe80::1', sender: '2001:db8:10:5::/64' }, nameservers: ['203.0.113.53'] }),
  card: (driver, machine) => driver.setCardAddress(machine, 'BC:24:11:00:00:01'),
  filter: (driver, machine) => driver.filterAddresses(machine, ['203.0.113.10']), snapshot: (driver, machine) => driver.createSnapshot(machine, { name: 'gardu-0123456789ab', title: 'x' }),
  rollback: (driver, machine) => driver.rollbackSnapshot(machine, 'gardu-0123456789ab'), dropSnapshot: (driver, machine) => driver.deleteSnapshot(machine, 'gardu-0123456789ab'), destroy: (driver, machine) => driver.destroy(machine),
  complete: (driver, machine) => driver.completeMark(machine), release: (driver, machine) => driver.releaseMachine(machine), adopt: (driver, machine) => driver.adoptMachine({ ...machine, instead: null, address: null }),
} satisfies Record<string, (driver: HypervisorDriver, machine: MachineRef) => Promise<unknown>>
const machineHistory = fc.array(fc.record({ events: fc.array(machineEvent, { maxLength: 4 }), act: fc.constantFrom(...Object.keys(machineActs) as (keyof typeof machineActs)[], 'clone' as const, 'create' as const) }), { minLength: 1, maxLength: 3 })
type MachineEvent = typeof machineEvent extends fc.Arbitrary<infer T> ? T : never

function machineWorld(sim: ProxmoxSimulator) {
  const { state } = sim
  const [first = '', second = ''] = state.nodes.map(node => node.name)
  let made = 0
  const containerOf = (vmid: number, { name = 'milik-orang', ...config }: Record<string, string>): SimMachine => ({ kind: 'lxc', vmid, node: first, running: true, paused: false, startedAt: 0, pending: {}, snapshots: [], createdAt: ++made, config: { hostname: name, memory: '4096', cores: '4', net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=203.0.113.10/24', rootfs: `local-lvm:vm-${vmid}-disk-0,size=20G`, ...config } })
  const machine = (vmid: number, config: Record<string, string>, container: boolean): SimMachine => container ? containerOf(vmid, config) : ({ vmid, node: first, running: true, paused: false, startedAt: 0, pending: {}, snapshots: [], createdAt: ++made, config: { name: 'milik-orang', memory: '4096', cores: '4', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0', boot: 'order=scsi0', scsi0: `local-lvm:vm-${vmid}-disk-0,size=20G`, ide2: `local-lvm:vm-${vmid}-cloudinit,media=cdrom`, ...config } })
  return {
    first,
    /** `container`: whether ours is one. */
    begin(container: boolean) {
      for (const vmid of Object.keys(state.machines).map(Number)) if (vmid < 9000) Reflect.deleteProperty(state.machines, vmid)
      state.firewalls = {}
      state.tasks.length = 0
      state.machines[ourNumber] = machine(ourNumber, { name: spec.hostname, description: `gardu-${mark}`, tags: `gardu-${mark}` }, container)
    },
    apply(event: MachineEvent) {
      if (event.kind === 'copy') {
        const from = state.machines[event.from]
        if (from && event.to !== event.from) state.machines[event.to] = { ...structuredClone(from), vmid: event.to, createdAt: ++made }
        return
      }
      if (event.kind === 'replace') {
        state.machines[event.vmid] = machine(event.vmid, { description: event.description, tags: event.tags }, event.container)
        Reflect.deleteProperty(state.firewalls, event.vmid)
        return
      }
      const found = state.machines[event.vmid]
      if (!found) return
      if (event.kind === 'vanish') Reflect.deleteProperty(state.machines, event.vmid)
      else if (event.kind === 'migrate') found.node = found.node === first ? second : first
      else if (event.kind === 'power') found.running = event.running
      else found.config = { ...found.config, ...(event.kind === 'remark' ? { description: event.description, tags: event.tags } : event.kind === 'rename' ? { [found.kind === 'lxc' ? 'hostname' : 'name']: event.name } : { lock: event.lock }) }
    },
    /** Of our number, and with our mark and no other one: told here without what the driver uses. */
    isOurs(vmid: number): boolean {
      const found = state.machines[vmid]
      if (!found || vmid !== ourNumber) return false
      const said = `${found.config.description ?? ''} ${(found.config.tags ?? '').replaceAll(/[;,]/g, ' ')}`.toLowerCase()
      return said.includes(`gardu-${mark}`) && !said.includes(`gardu-${otherMark}`)
    },
    /** Of our number, and nobody's or ours by what it says: what an adoption may touch. */
    mayBeTaken(vmid: number): boolean {
      const found = state.machines[vmid]
      const said = `${found?.config.description ?? ''} ${(found?.config.tags ?? '').replaceAll(/[;,]/g, ' ')}`.toLowerCase()
      return found !== undefined && vmid === ourNumber && !said.includes(`gardu-${otherMark}`)
    },
    everything: () => Object.fromEntries(Object.entries(state.machines).map(([vmid, found]) => [vmid, JSON.stringify([found, state.firewalls[Number(vmid)] ?? null])])),
  }
}

// Accounts ------------------------------------------------------------------------------------------------------------------------------
const users = ['tokosari', 'tokolain', 'tokobaru'] as const
const domains = ['toko-sari.test', 'toko-lain.test'] as const
const birth = { uid: 1500, unix_startdate: 1_790_000_000 }
const accountEvent = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), user: fc.constantFrom(...users), domain: fc.constantFrom(...domains), email: fc.constantFrom('orang@lain.test', `gardu-${mark}@toko-sari.test`), uid: fc.constantFrom(1500, 1501) }),
  fc.record({ kind: fc.constant('rename' as const), user: fc.constantFrom(...users), to: fc.constantFrom(...users) }),
  fc.record({ kind: fc.constant('domain' as const), user: fc.constantFrom(...users), domain: fc.constantFrom(...domains) }),
  fc.record({ kind: fc.constant('email' as const), user: fc.constantFrom(...users), email: fc.constantFrom('orang@lain.test', `gardu-${mark}@toko-sari.test`) }),
  fc.record({ kind: fc.constant('suspend' as const), user: fc.constantFrom(...users), suspended: fc.boolean() }),
  fc.record({ kind: fc.constant('vanish' as const), user: fc.constantFrom(...users) }),
)
const accountActs = {
  suspend: (driver, ref) => driver.suspend(ref, 'belum dibayar'), resume: (driver, ref) => driver.resume(ref), remove: (driver, ref) => driver.remove(ref), changePackage: (driver, ref) => driver.changePackage(ref, 'gardu_bisnis'),
  setPassword: (driver, ref) => driver.setPassword(ref, 'Rahasia-sekali-9182'), handOver: (driver, ref) => driver.handOver(ref, 'sari@toko-sari.test'), openSession: (driver, ref) => driver.openSession(ref, 'panel'),
  create: (driver, ref) => driver.create({ user: ref.user, domain: ref.domain, package: 'gardu_hemat', password: 'Rahasia-sekali-9182', ownershipMark: mark }),
} satisfies Record<string, (driver: PanelDriver, ref: AccountRef) => Promise<unknown>>
const accountHistory = fc.array(fc.record({ events: fc.array(accountEvent, { maxLength: 4 }), act: fc.constantFrom(...Object.keys(accountActs) as (keyof typeof accountActs)[]) }), { minLength: 1, maxLength: 3 })

function accountWorld(sim: WhmSimulator) {
  const { state } = sim
  const account = (user: string, domain: string, more: { uid: number, unix_startdate: number, email: string }) => ({ user, domain, plan: 'gardu_hemat', owner: sim.token.id, suspended: false, suspendreason: 'not suspended', suspendtime: 0, locked: false, diskUsedMiB: 5, transferredBytes: 77, password: '', ...more })
  return {
    begin() {
      state.accounts = { tokosari: account('tokosari', 'toko-sari.test', { ...birth, email: 'sari@toko-sari.test' }) }
    },
    apply(event: typeof accountEvent extends fc.Arbitrary<infer T> ? T : never) {
      if (event.kind === 'replace') {
        // Another account is born at another second, whatever its number.
        state.accounts[event.user] = account(event.user, event.domain, { uid: event.uid, unix_startdate: birth.unix_startdate + 1, email: event.email })
        return
      }
      const found = state.accounts[event.user]
      if (!found) return
      if (event.kind === 'vanish') Reflect.deleteProperty(state.accounts, event.user)
      else if (event.kind === 'rename') {
        if (state.accounts[event.to]) return
        Reflect.deleteProperty(state.accounts, event.user)
        state.accounts[event.to] = { ...found, user: event.to }
      } else Object.assign(found, event.kind === 'domain' ? { domain: event.domain } : event.kind === 'email' ? { email: event.email } : { suspended: event.suspended, suspendreason: event.suspended ? 'spam' : 'not suspended' })
    },
    isOurs: (user: string) => state.accounts[user]?.uid === birth.uid && state.accounts[user].unix_startdate === birth.unix_startdate,
    everything: () => Object.fromEntries(Object.entries(state.accounts).map(([user, found]) => [user, JSON.stringify(found)])),
  }
}

describe('nothing foreign is touched', () => {
  it('D10: machines and containers, through random histories of reused numbers, renamed and moved machines, copied, lost and doubled marks', async () => {
    const sim = await startProxmoxSimulator({ tls: false, taskSeconds: 0 })
    const driver = createProxmoxDriver({ connectionId: 'test', url: sim.url, tokenId: sim.token.id, tokenSecret: sim.token.secret, tls: { mode: 'system', caPem: null, fingerprint: null }, storage: 'ceph-vm', bridge: 'vmbr0', nodes: [] })
    const world = machineWorld(sim)
    const machine: MachineRef = { node: world.first, vmid: ourNumber, ownershipMark: mark }
    let [done, kept] = [0, 0]
    try {
      await fc.assert(fc.asyncProperty(fc.boolean(), machineHistory, async (container, history) => {
        world.begin(container)
        for (const { events, act } of history) {
          for (const event of events) world.apply(event)
          const before = world.everything()
          const ours = act === 'adopt' ? world.mayBeTaken(ourNumber) : world.isOurs(ourNumber)
          const end = await endOf(act === 'clone' || act === 'create' ? driver.clone({ template: { node: world.first, ref: act === 'clone' ? '9000' : 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst' }, spec, vmid: ourNumber, node: world.first, hostname: spec.hostname, ownershipMark: mark }) : machineActs[act](driver, machine))
          sim.tasks.settle()
          const after = world.everything()
          for (const vmid of Object.keys(before)) if (!(ours && Number(vmid) === ourNumber)) expect(after[vmid], `${act} touched ${vmid}, which is not ours`).toBe(before[vmid])
          // What is new is ours, by its mark, under our number alone.
          for (const vmid of Object.keys(after)) if (!(vmid in before)) expect(world.isOurs(Number(vmid)) && (act === 'clone' || act === 'create')).toBe(true)
          if (!ours && act !== 'clone' && act !== 'create' && !(act === 'destroy' && !(ourNumber in before))) expect(refused, `${act} on what is not ours`).toContain(end)
          if (end === null) done++
          else kept++
        }
      }), { numRuns: histories })
      // Neither is everything refused nor nothing.
      expect(done).toBeGreaterThan(histories / 10)
      expect(kept).toBeGreaterThan(histories / 10)
    } finally {
      driver.close()
      await sim.close()
    }
  }, Math.max(60_000, histories * 300))

  it('D10: accounts, through random histories of reused user names, renamed accounts, exchanged domains and copied marks', async () => {
    const sim = await startWhmSimulator({ tls: false })
    const driver = createWhmDriver({ connectionId: 'test', url: sim.url, tokenId: sim.token.id, tokenSecret: sim.token.secret, tls: { mode: 'system', caPem: null, fingerprint: null } })
    const world = accountWorld(sim)
    const ref: AccountRef = { user: 'tokosari', domain: 'toko-sari.test', ownershipMark: mark, birth: `${birth.uid}@${birth.unix_startdate}` }
    let [done, kept] = [0, 0]
    try {
      await fc.assert(fc.asyncProperty(accountHistory, async (history) => {
        world.begin()
        for (const { events, act } of history) {
          for (const event of events) world.apply(event)
          const before = world.everything()
          const ours = Object.keys(before).filter(world.isOurs)
          const end = await endOf(accountActs[act](driver, ref))
          const after = world.everything()
          for (const user of Object.keys(before)) if (!ours.includes(user)) expect(after[user], `${act} touched ${user}, which is not ours`).toBe(before[user])
          for (const user of Object.keys(after)) if (!(user in before)) expect(act).toBe('create')
          if (ours.length === 0 && act !== 'create' && act !== 'remove') expect(refused, `${act} on what is not ours`).toContain(end)
          if (end === null) done++
          else kept++
        }
      }), { numRuns: histories })
      expect(done).toBeGreaterThan(histories / 10)
      expect(kept).toBeGreaterThan(histories / 10)
    } finally {
      driver.close()
      await sim.close()
    }
  }, Math.max(60_000, histories * 300))
})

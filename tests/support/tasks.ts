import { and, eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { connections, ipv6Pools, isoImages, machineBackups, products, resources } from '#db/schema/index.ts'
import type { HypervisorCapabilities, ResourceStatus, SagaKind } from '#shared/vocabulary/machines.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { OpenHypervisor } from '#server/infrastructure/ports.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { adoptMachine, showAdoption, unlinkMachine } from '#server/provisioning/adopt.ts'
import type { AccessAct } from '#server/provisioning/access.ts'
import { actOnBackup } from '#server/provisioning/backups.ts'
import { saveFirewall } from '#server/provisioning/firewall.ts'
import { showHistory } from '#server/provisioning/history.ts'
import { moveMachine } from '#server/provisioning/move.ts'
import { openAct } from '#server/provisioning/open-saga.ts'
import { rebuildMachine } from '#server/provisioning/rebuild.ts'
import { actOnSnapshot } from '#server/provisioning/snapshots.ts'
import { sellLarger } from './changes.ts'
import type { ProvisioningWorld } from './provisioning.ts'

/** Where tasks are tried: a world over one hypervisor, and what only that hypervisor knows. */
export interface Ground {
  readonly world: ProvisioningWorld
  readonly open: OpenHypervisor
  readonly can: HypervisorCapabilities
  readonly container: boolean
  readonly nodes: readonly string[]
  readonly image: { readonly ref: string, readonly name: string, readonly nodes: readonly string[] }
  readonly backupStorage: string
  /** How often a machine was asked for, a restore not counted. */
  creates(): number
  /** Machines that carry a mark of ours. */
  marked(): Promise<number>
  /** Its machine is gone from the hypervisor, past Gardu. */
  lose(vmid: number): void
  /** What is left of somebody else's machine. */
  stranger(): Promise<string>
  close(): Promise<void>
}
/** The service whose life it is. */
export interface Subject { serviceId: string, clientId: string, /** The number of the machine that was let go. */ vmid: number }
export interface Task {
  readonly kind: SagaKind
  /** As the history calls it. */
  readonly what: string
  readonly needs?: keyof HypervisorCapabilities
  /** Machines that it asks for. */
  readonly creates?: number
  /** Failed for good it gives back what it held: it is begun anew, not tried again. */
  readonly anew?: true
  readonly ends?: { readonly service?: ServiceStatus, readonly resource?: ResourceStatus, readonly machines?: number }
  /** Opens it, past nobody: by the use case that a page, money or the clock calls. */
  begin(ground: Ground, subject: Subject): Promise<unknown>
}

const system: Actor = { kind: 'system', name: 'test' }
const staff: Actor = { kind: 'user', id: '01900000-0000-7000-8000-00000000aaaa', name: 'Rina', role: 'sysadmin' }
const client = ({ clientId }: Subject) => ({ kind: 'user' as const, id: clientId, name: 'Sari Dewi', role: 'client' as const })
const by = (subject: Subject) => ({ id: subject.serviceId, clientId: subject.clientId, actor: client(subject) })
const coreOf = ({ world }: Ground) => world.test.app.core
const dbOf = (ground: Ground) => coreOf(ground).database.executor
const readOf = (ground: Ground) => ({ read: coreOf(ground).read, transact: coreOf(ground).transact, openHypervisor: ground.open })
const serviceOf = async (ground: Ground, { serviceId }: Subject) => (await ground.world.look(serviceId)).service
const follow = ({ world }: Ground, kind: 'provision' | 'suspend' | 'resume' | 'terminate' | 'resize', { serviceId }: Subject) => world.worker().follow({ kind, serviceId, cause: 'test' })
const adoption = (ground: Ground) => ({ ...readOf(ground), connections: coreOf(ground).read.connections, newId: uuidv7, clock: coreOf(ground).clock })
const power = (action: 'start' | 'stop' | 'shutdown' | 'reboot'): Task => ({ kind: 'power', what: `power.${action}`, begin: (ground, subject) => {
  // It has run for a while: by its age a restart is told from none.
  ground.world.advance(60)
  return ground.world.worker().act({ ...by(subject), action })
} })
const access = (what: string, needs: 'login' | 'rename' | 'rescue', act: (ground: Ground, subject: Subject) => Promise<AccessAct>): Task => ({ kind: needs === 'login' ? 'access' : needs, what, needs, begin: async (ground, subject) => {
  ground.world.advance(60)
  return ground.world.test.app.provisioning.actOnAccess({ ...by(subject), act: await act(ground, subject) })
} })
const snapshots = (ground: Ground) => actOnSnapshot({ ...readOf(ground), random: () => '0123456789ab' })
const backups = (ground: Ground) => actOnBackup({ ...readOf(ground), clock: coreOf(ground).clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14 })
async function backupOf(ground: Ground, { serviceId }: Subject): Promise<string> {
  const [row] = await dbOf(ground).select().from(machineBackups).where(and(eq(machineBackups.serviceId, serviceId), eq(machineBackups.state, 'ready')))
  return row?.id ?? uuidv7()
}

/** Every kind of task that a machine knows, in the order of one life. */
export const machineTasks: readonly Task[] = [
  { kind: 'provision', what: 'provision', creates: 1, begin: async (ground, subject) => {
    const order = await ground.world.paidService()
    Object.assign(subject, order)
    await follow(ground, 'provision', subject)
    const { productId } = await serviceOf(ground, subject)
    await dbOf(ground).update(products).set({ snapshotLimit: 2, backupsIncluded: 2 }).where(eq(products.id, productId))
  } },
  power('stop'), power('start'), power('reboot'), power('shutdown'), power('start'),
  { kind: 'snapshot', what: 'snapshot.create', needs: 'snapshots', begin: (ground, subject) => snapshots(ground)({ ...by(subject), act: { action: 'create', title: 'Sebelum' } }) },
  { kind: 'rollback', what: 'rollback', needs: 'snapshots', begin: async (ground, subject) => snapshots(ground)({ ...by(subject), act: { action: 'rollback', name: 'gardu-0123456789ab', hostname: (await serviceOf(ground, subject)).hostname } }) },
  { kind: 'snapshot', what: 'snapshot.delete', needs: 'snapshots', begin: (ground, subject) => snapshots(ground)({ ...by(subject), act: { action: 'delete', name: 'gardu-0123456789ab' } }) },
  { kind: 'backup', what: 'backup.create', needs: 'backups', begin: async (ground, subject) => {
    await dbOf(ground).update(connections).set({ backupStorage: ground.backupStorage }).where(eq(connections.id, ground.world.connectionId))
    return backups(ground)({ ...by(subject), act: { action: 'create' } })
  } },
  { kind: 'restore', what: 'restore', needs: 'backups', begin: async (ground, subject) => backups(ground)({ ...by(subject), act: { action: 'restore', backupId: await backupOf(ground, subject), hostname: (await serviceOf(ground, subject)).hostname } }) },
  { kind: 'rebuild', what: 'rebuild', needs: 'backups', begin: async (ground, subject) => {
    const { resource, service } = await ground.world.look(subject.serviceId)
    if (ground.can.backups) ground.lose(resource?.vmid ?? 0)
    return rebuildMachine({ ...adoption(ground), keptDays: 14 })({ id: await backupOf(ground, subject), serviceId: subject.serviceId, hostname: service.hostname, reason: 'uji', actor: staff })
  } },
  { kind: 'backup', what: 'backup.delete', needs: 'backups', begin: async (ground, subject) => backups(ground)({ ...by(subject), act: { action: 'delete', backupId: await backupOf(ground, subject) } }) },
  { kind: 'firewall', what: 'firewall', needs: 'firewall', begin: (ground, subject) => saveFirewall(readOf(ground))({ ...by(subject), body: { version: 0, policyIn: 'drop', rules: [{ direction: 'in', action: 'accept', protocol: 'tcp', ports: '22', peers: ['192.0.2.7'], comment: 'kantor', enabled: true }] } }) },
  access('access.password', 'login', async () => ({ action: 'password', password: 'Rahasia-Baru-456', restart: true })),
  access('access.keys', 'login', async () => ({ action: 'keys', sshKey: null, restart: false })),
  access('rename', 'rename', async (_, { serviceId }) => ({ action: 'hostname', hostname: `h-${serviceId.slice(-12)}.test`, restart: true })),
  access('rescue.start', 'rescue', async (ground) => {
    const { ref, name, nodes } = ground.image
    const imageId = uuidv7()
    await dbOf(ground).insert(isoImages).values({ id: imageId, connectionId: ground.world.connectionId, ref, name, bytes: 1e9, nodes: [...nodes], offered: true, seenAt: coreOf(ground).clock.now() })
    return { action: 'rescue', imageId }
  }),
  access('rescue.end', 'rescue', async () => ({ action: 'end_rescue' })),
  { kind: 'ipv6', what: 'ipv6', needs: 'laterIpv6', anew: true, begin: async (ground, subject) => {
    const id = ground.world.connectionId
    await dbOf(ground).insert(ipv6Pools).values({ id, connectionId: id, name: id, prefix: `2001:db8:${id.slice(-4)}::`, prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: [], nextPlace: 1, createdAt: coreOf(ground).clock.now() }).onConflictDoNothing()
    return ground.world.test.app.provisioning.giveIpv6(by(subject))
  } },
  { kind: 'throttle', what: 'throttle', begin: async (ground, { serviceId }) => {
    await dbOf(ground).update(resources).set({ rateCapMbps: 10, rateCapPending: true }).where(eq(resources.serviceId, serviceId))
    return coreOf(ground).transact(stores => openAct(stores, { kind: 'throttle', of: 'vps', action: null, serviceId, actor: 'system:traffic' }))
  } },
  { kind: 'move', what: 'move', needs: 'move', begin: async (ground, { serviceId }) => {
    const { resource } = await ground.world.look(serviceId)
    return moveMachine({ ...readOf(ground), roomOnNodes: ground.world.roomOnNodes })({ id: serviceId, node: ground.nodes.find(name => name !== resource?.node) ?? '', live: false, reason: 'uji', actor: staff })
  } },
  { kind: 'resize', what: 'resize', begin: async (ground, subject) => {
    await sellLarger(ground.world.test.app, subject.serviceId)
    return follow(ground, 'resize', subject)
  } },
  { kind: 'reinstall', what: 'reinstall', creates: 1, begin: (ground, { serviceId }) => ground.world.beginReinstall(serviceId) },
  { kind: 'suspend', what: 'suspend', ends: { service: 'suspended', resource: 'stopped_by_policy' }, begin: async (ground, subject) => {
    await coreOf(ground).transact(stores => ground.world.test.app.billing.suspendService(stores, { serviceId: subject.serviceId, reason: 'other', note: 'x', actor: system }))
    return follow(ground, 'suspend', subject)
  } },
  { kind: 'resume', what: 'resume', begin: async (ground, subject) => {
    await coreOf(ground).transact(stores => ground.world.test.app.billing.resumeService(stores, { serviceId: subject.serviceId, note: 'x', actor: system }))
    return follow(ground, 'resume', subject)
  } },
  { kind: 'unlink', what: 'unlink', needs: 'adoption', ends: { resource: 'unlinked', machines: 0 }, begin: async (ground, subject) => {
    const { resource, service } = await ground.world.look(subject.serviceId)
    subject.vmid = resource?.vmid ?? 0
    return unlinkMachine(adoption(ground))({ id: subject.serviceId, hostname: service.hostname, reason: 'uji', actor: staff })
  } },
  { kind: 'adopt', what: 'adopt', needs: 'adoption', begin: async (ground, { serviceId, vmid }) => {
    const at = { id: serviceId, connectionId: ground.world.connectionId, vmid }
    const { machine, address } = await showAdoption(adoption(ground))(at)
    return adoptMachine(adoption(ground))({ ...at, name: machine?.name ?? '', ipv4: address.suggested ?? '', reason: 'uji', actor: staff })
  } },
  { kind: 'terminate', what: 'terminate', ends: { service: 'ended', resource: 'destroyed', machines: 0 }, begin: async (ground, subject) => {
    await coreOf(ground).transact(stores => ground.world.test.app.billing.endService(stores, { serviceId: subject.serviceId, reason: 'request', note: 'x', actor: system }))
    return follow(ground, 'terminate', subject)
  } },
]
/** What this hypervisor does with its machines; the rest is refused before anything is begun. */
export const taskFits = (task: Task, can: HypervisorCapabilities): boolean => task.needs === undefined || can[task.needs]

/** What has to be so once a task is done, whatever befell it. `creates`: how often a machine had been asked for before it. */
export async function expectDone(ground: Ground, { serviceId, clientId }: Subject, task: Task, creates: number): Promise<void> {
  const { world } = ground
  const found = await world.look(serviceId)
  const told = (asking: string | null) => showHistory({ read: coreOf(ground).read, wallClock: world.wallClock })({ id: serviceId, clientId: asking, locale: 'en', page: { page: 1, pageSize: 50 } }).then(({ items }) => items.find(({ id }) => id === found.newest?.id))
  const [forStaff, forClient] = [await told(null), await told(clientId)]
  const ends = { service: 'active', resource: 'ready', machines: 1, ...task.ends }
  expect({ reason: found.newest?.reason, kind: found.newest?.kind, status: found.newest?.status, service: found.service.status, resource: found.resource?.status, machines: await ground.marked(), creates: ground.creates() - creates, told: [forStaff, forClient].map(act => [act?.what, act?.outcome]), open: forStaff?.steps.filter(step => step.status !== 'done' && step.status !== 'skipped') }, task.what)
    .toEqual({ reason: null, kind: task.kind, status: 'done', service: ends.service, resource: ends.resource, machines: ends.machines, creates: task.creates ?? ((task.kind === 'restore' || task.kind === 'rebuild') && ground.container ? 1 : 0), told: Array.from({ length: 2 }, () => [task.what, 'done']), open: [] })
}

import { eq, sql } from 'drizzle-orm'
import { addresses, addressPools, connections, resources, sagas, services, templates } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { connectionKinds } from '#shared/vocabulary/machines.ts'
import type { ConnectionKind } from '#shared/vocabulary/machines.ts'
import type { ClosableDriver } from '#server/infrastructure/open-hypervisor.ts'
import type { CapacityCheck, HoldCapacity, HypervisorAccess, FindServers, HoldAccounts, OpenHypervisor, OpenPanel, RoomOnNodes } from '#server/infrastructure/ports.ts'
import type { Transact } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { actOnService } from '#server/provisioning/act-on-service.ts'
import { followBilling } from '#server/provisioning/follow-billing.ts'
import { openAct } from '#server/provisioning/open-saga.ts'
import type { ProvisioningStores } from '#server/provisioning/ports.ts'
import { recoverSagas } from '#server/provisioning/recover-sagas.ts'
import { retrySaga } from '#server/provisioning/retry-saga.ts'
import { leaseSeconds, runSaga } from '#server/provisioning/run-saga.ts'
import type { TestApp } from './app.ts'
import { billingWorld } from './billing.ts'
import { FakeHypervisor } from './fake-hypervisor.ts'

/** The process has died here: nothing it would have done next happens. */
export class Crash extends Error {}

/** A point at which a worker may die: before or after one of its transactions or remote calls. */
export interface Points { seen: number, dieAt: number | null, dead: boolean, readonly names: string[] }
export const livingForever = (): Points => ({ seen: 0, dieAt: null, dead: false, names: [] })

/**
 * Where workers are killed, of so many points: every few on a server, some others on the embedded database, which takes twice as long; at odd distances so that both sides of the acts are met.
 * All of them on both with `GARDU_TEST_EVERY_POINT=1`, which takes minutes.
 */
export function killPoints(kind: 'embedded' | 'postgres', count: number, every: { readonly embedded: number, readonly postgres: number } = { embedded: 9, postgres: 3 }): number[] {
  const all = Array.from({ length: count }, (_, point) => point)
  if (process.env.GARDU_TEST_EVERY_POINT === '1') return all
  return all.filter(point => point % every[kind] === (kind === 'embedded' ? 0 : 1))
}

function pass(points: Points, name: string) {
  if (points.dead) throw new Crash(name)
  points.names.push(name)
  if (points.dieAt !== null && points.seen++ === points.dieAt) {
    points.dead = true
    throw new Crash(name)
  }
}

/** A driver whose every call is a point at which the worker may die: before it is sent, or after its answer came. */
const mortal = <Driver extends object>(driver: Driver, points: Points): Driver => new Proxy(driver, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name)
    if (typeof member !== 'function') return member
    return async (...input: unknown[]) => {
      pass(points, `before ${String(name)}`)
      const answer: unknown = await member.apply(target, input)
      pass(points, `after ${String(name)}`)
      return answer
    }
  },
})

let lastAddress = 1
const noPanel = () => Promise.reject(new Error('this world has no control panel'))

/** A hypervisor that is spoken to over the wire, instead of the one in memory. */
/** One driver, whatever kind a connection says. */
export const driversOf = (kind: ConnectionKind, open: (access: HypervisorAccess) => ClosableDriver): Record<ConnectionKind, (access: HypervisorAccess) => ClosableDriver> => Object.fromEntries(connectionKinds.map((each) => {
  const refuse = () => {
    throw new Error(`a connection of another kind: ${each}`)
  }
  return [each, each === kind ? open : refuse]
})) as unknown as Record<ConnectionKind, (access: HypervisorAccess) => ClosableDriver>

export interface WiredHypervisor { readonly kind?: ConnectionKind, readonly template?: { readonly ref: string }, readonly bridge?: string, readonly url: string, readonly fingerprint: string | null, readonly token: { readonly id: string, readonly secret: string }, readonly node: string, readonly storage: string, readonly open: OpenHypervisor, readonly capacity: CapacityCheck, readonly roomOnNodes?: RoomOnNodes }
/** Control panels that are spoken to over the wire. */
export interface WiredPanels { readonly openPanel: OpenPanel, readonly findServers: FindServers, readonly holdAccounts: HoldAccounts }

/** A hosting company with one hypervisor (in memory unless one is given), workers that can be killed at any point, and time that only the test moves. */
export async function provisioningWorld(test: TestApp, wired?: WiredHypervisor, panels?: WiredPanels) {
  const { core } = test.app
  const db = core.database.executor
  const billing = billingWorld(test.app)
  const hypervisor = new FakeHypervisor()
  let wall = Date.parse('2026-11-02T03:00:00Z')
  const wallClock = { now: () => new Date(wall) }
  hypervisor.now = () => wall
  const connectionId = uuidv7()
  const templateId = uuidv7()
  const poolId = uuidv7()
  await db.insert(connections).values({ id: connectionId, kind: wired?.kind ?? 'proxmox', name: connectionId, url: wired?.url ?? 'https://127.0.0.1:8006', tlsMode: wired ? 'fingerprint' : 'system', tlsFingerprint: wired?.fingerprint ?? null, tokenId: wired?.token.id ?? 'a@pve!b', tokenSecret: wired ? core.secrets.seal(wired.token.secret) : 'x', storage: wired?.storage ?? 'local', bridge: wired?.bridge ?? 'vmbr0', createdAt: test.clock.now() })
  await db.insert(templates).values({ id: templateId, connectionId, node: wired?.node ?? 'jkt1', ref: wired?.template?.ref ?? '9000', name: 'debian-13', osFamily: 'debian', username: 'debian', diskGiB: 5, seenAt: test.clock.now() })
  await db.insert(addressPools).values({ id: poolId, connectionId, name: poolId, firstAddress: '203.0.113.1', lastAddress: '203.0.113.254', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['203.0.113.53'], createdAt: test.clock.now() })
  let hold: HoldCapacity = async () => []
  let capacity: CapacityCheck = wired?.capacity ?? (async () => [{ connectionId, node: 'jkt1' }])

  const roomOnNodes: RoomOnNodes = wired?.roomOnNodes ?? (async () => hypervisor.rooms.map(room => ({ memoryTotal: 2 ** 37, memoryFree: 2 ** 36, storageFree: 2 ** 40, cpuCores: 16, diskGiB: 20, takesDisks: true, fits: true, ...room })))

  const world = {
    roomOnNodes,
    test, billing, hypervisor, connectionId, templateId, wallClock,
    advance: (seconds: number) => void (wall += seconds * 1000),
    setCapacity: (check: CapacityCheck) => void (capacity = check),
    setHold: (held: HoldCapacity) => void (hold = held),
    /** A paid order of one service, as it stands when `billing.service-paid` is told. */
    async paidService(options: { address?: boolean } = {}) {
      const order = await billing.order()
      await db.update(services).set({ templateId, hostname: `vps-${order.serviceId.slice(-12)}` }).where(eq(services.id, order.serviceId))
      if (options.address ?? true) await world.addAddress(order.serviceId)
      await billing.pay(order.invoiceId)
      return order
    },
    /** A free address, or one that is reserved for a service. */
    async addAddress(serviceId: string | null) {
      lastAddress++
      await db.insert(addresses).values({ id: uuidv7(), poolId, address: `10.${lastAddress >> 16}.${(lastAddress >> 8) & 255}.${lastAddress & 255}`, status: serviceId ? 'reserved' : 'free', serviceId, changedAt: test.clock.now() })
    },
    worker(points: Points = livingForever()) {
      const transact: Transact<ProvisioningStores> = async (work) => {
        pass(points, 'before a transaction')
        const result = await core.transact(work)
        pass(points, 'after a transaction')
        return result
      }
      hypervisor.hook = (act, moment) => pass(points, `${moment} ${act}`)
      const read: ProvisioningStores = core.read
      const base = { transact, clock: core.clock, wallClock, log: core.log, read }
      const follow = followBilling(base)
      const driver = hypervisor.driver()
      return {
        points, follow, transact,
        recover: recoverSagas({ ...base, follow }),
        run: runSaga({ ...base, pause: async seconds => world.advance(seconds), tools: { openHypervisor: wired ? async id => mortal(await wired.open(id), points) : async () => driver, checkCapacity: input => capacity(input), holdCapacity: (stores, input) => hold(stores, input), roomOnNodes, openPanel: panels ? async id => mortal(await panels.openPanel(id), points) : noPanel, findServers: panels?.findServers ?? noPanel, holdAccounts: panels?.holdAccounts ?? noPanel, markServiceActive: test.app.billing.markServiceActive, finishChange: test.app.billing.finishChange, secrets: core.secrets, newPassword: () => `pass-${uuidv7()}` } }),
        act: actOnService({ transact, scheduleCancellation: test.app.billing.scheduleCancellation, cancelNow: test.app.billing.cancelNow }),
        retry: (serviceId: string) => transact(stores => retrySaga(stores, { serviceId, actor: 'test', at: test.clock.now() })),
      }
    },
    /** Runs every open saga to its end (or its failure), moving time to where the next one is due. */
    async drain(worker: { run(input: { sagaId: string }): Promise<void> }, limit = 400) {
      for (let turn = 0; turn < limit; turn++) {
        const [due] = await core.read.sagas.listDue(wallClock.now(), 1)
        if (due) {
          await worker.run({ sagaId: due })
          continue
        }
        const open = await db.select().from(sagas).where(sql`status in ('running', 'waiting')`)
        if (open.length === 0) return
        const next = Math.min(...open.map(saga => (saga.retryAt ?? saga.leaseUntil ?? wallClock.now()).getTime()))
        wall = Math.max(wall + 1000, next + 1)
      }
      throw new Error('the sagas do not come to an end')
    },
    /** The worker died; its lease lapses, and what the hypervisor was doing has ended without it. */
    afterDeath() {
      hypervisor.settle()
      world.advance(leaseSeconds + 1)
    },
    async build() {
      const order = await world.paidService()
      const worker = world.worker()
      await worker.follow({ kind: 'provision', serviceId: order.serviceId, cause: order.invoiceId })
      await world.drain(worker)
      return { ...order, ...await world.look(order.serviceId) }
    },
    /** A reinstall from the same template, begun past the questions that are asked before. */
    async beginReinstall(serviceId: string) {
      const { resource, service: { templateId } } = await world.look(serviceId)
      if (!resource || templateId === null) throw new Error('nothing to make anew')
      await core.transact(stores => openAct(stores, { kind: 'reinstall', of: 'vps', action: null, serviceId, actor: 'test', state: { reinstall: { templateId, fromMark: resource.ownershipMark, toMark: uuidv7(), sshKey: 'ssh-ed25519 AAAA sari' } } }))
    },
    async look(serviceId: string) {
      const [resource] = await db.select().from(resources).where(eq(resources.serviceId, serviceId))
      const found = await db.select().from(sagas).where(eq(sagas.serviceId, serviceId)).orderBy(sagas.startedAt, sagas.id)
      const [address] = await db.select().from(addresses).where(eq(addresses.serviceId, serviceId))
      return { service: await billing.service(serviceId), resource, sagas: found, newest: found.at(-1), address, machines: resource ? hypervisor.mine(resource.ownershipMark) : [] }
    },
  }
  return world
}
export type ProvisioningWorld = Awaited<ReturnType<typeof provisioningWorld>>
export const outOfStock = () => Promise.reject(new AppError('out_of_stock'))

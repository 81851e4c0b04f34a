import type { z } from 'zod'
import type { backupActionBody } from '#shared/contracts/backups.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor, Clock, Log, Transact } from '../kernel/ports.ts'
import type { AdminServiceAction } from './act-on-admin-service.ts'
import type { BulkRequestRow, DueItem } from './bulk-ports.ts'
import { itemRefusal, mostTries, passing, perNode, portion, settled } from './bulk-rules.ts'
import type { ProvisioningStores } from './ports.ts'

/** The single acts, as they are from the page of one service, each around a transaction that is handed in. */
export interface BulkActs {
  readonly admin: (transact: Transact<ProvisioningStores>) => (input: { readonly id: string, readonly act: AdminServiceAction, readonly actor: Actor }) => Promise<void>
  readonly backup: (transact: Transact<ProvisioningStores>) => (input: { readonly id: string, readonly clientId: null, readonly act: z.output<typeof backupActionBody>, readonly actor: Actor }) => Promise<void>
  readonly move: (transact: Transact<ProvisioningStores>) => (input: { readonly id: string, readonly node: string, readonly live: boolean, readonly reason: string, readonly actor: Actor }) => Promise<void>
}
export interface RunBulkDeps { readonly read: Pick<ProvisioningStores, 'bulk' | 'outbox'>, readonly transact: Transact<ProvisioningStores>, readonly acts: BulkActs, readonly clock: Clock, /** For turns and tries: never moved. */ readonly wallClock: Clock, readonly log: Log }

const turnSeconds = 5
const retrySeconds = 30
/** Another worker has it, its request stands still, or its node is busy: it is left to another turn. */
class NotNow extends Error {}
class LeftOut extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode) {
    super(code)
    this.code = code
  }
}

/** What billing does has its task a moment later, opened by its event; of the others the task is open when the act returns. */
const opensAtOnce = ({ act }: BulkRequestRow): boolean => act !== 'suspend' && act !== 'resume' && act !== 'terminate'

/** The act of one item with what claims it, in one transaction: either both happened or neither. */
const claiming = ({ transact, clock }: RunBulkDeps, request: BulkRequestRow, item: DueItem): Transact<ProvisioningStores> => work => transact(async (stores) => {
  if (!await stores.bulk.claim(item)) throw new NotNow()
  // Under the lock of the request, so that workers at once do not fill a node together.
  if (((await stores.bulk.underWay()).get(`${item.connectionId} ${item.node}`) ?? 0) >= perNode(request.act)) throw new NotNow()
  const [now] = await stores.bulk.candidates([item.serviceId])
  const refusal = itemRefusal(request, item, now)
  if (refusal) throw passing.includes(refusal) ? new AppError(refusal) : new LeftOut(refusal)
  const result = await work(stores)
  const saga = opensAtOnce(request) ? await stores.sagas.lockOpen(item.serviceId) : null
  await stores.bulk.setBegun(item, { sagaId: saga?.id ?? null, at: clock.now() })
  return result
})

function actOf({ act, suspensionReason, reason }: BulkRequestRow, item: DueItem): AdminServiceAction {
  switch (act) {
    case 'suspend': return { action: act, suspensionReason: suspensionReason ?? 'other', reason }
    case 'resume': return { action: act, reason }
    case 'terminate': return { action: act, hostname: item.hostname, reason }
    case 'backup': case 'move': throw new Error(`${act} is an act of its own`)
    default: return { action: act }
  }
}

async function begin(deps: RunBulkDeps, request: BulkRequestRow, item: DueItem): Promise<void> {
  const { read, acts, clock } = deps
  const actor: Actor = { kind: 'user', ...request.askedBy }
  const transact = claiming(deps, request, item)
  if (request.act === 'backup') return acts.backup(transact)({ id: item.serviceId, clientId: null, act: { action: 'create' }, actor })
  if (request.act !== 'move') return acts.admin(transact)({ id: item.serviceId, act: actOf(request, item), actor })
  if (item.targetNode === null) return read.bulk.giveUp(item, { status: 'left_out', reason: 'move_no_room', at: clock.now() })
  const [now] = await read.bulk.candidates([item.serviceId])
  // A machine that is off has nothing to keep running, and a container cannot move while it runs.
  return acts.move(transact)({ id: item.serviceId, node: item.targetNode, live: request.live && now !== undefined && now.power !== 'stopped' && now.machineType !== 'container', reason: request.reason, actor })
}

/** One item: begun, left out, given up with the reason, or left to another turn. */
async function turn(deps: RunBulkDeps, request: BulkRequestRow, item: DueItem): Promise<void> {
  const { transact, clock, wallClock, log } = deps
  try {
    await begin(deps, request, item)
  } catch (error) {
    if (error instanceof NotNow) return
    if (error instanceof LeftOut) return transact(({ bulk }) => bulk.giveUp(item, { status: 'left_out', reason: error.code, at: clock.now() }))
    const code: ErrorCode = error instanceof AppError ? error.code : error instanceof DriverError ? 'machine_unreachable' : 'internal'
    if (code === 'internal') log.error({ err: error, request: request.id, service: item.serviceId }, 'an item of a bulk request did not begin')
    if ((passing.includes(code) || code === 'internal') && item.tries + 1 < mostTries) return transact(({ bulk }) => bulk.postpone(item, { reason: code, nextAt: new Date(wallClock.now().getTime() + retrySeconds * 1000) }))
    const detail = error instanceof AppError && typeof error.params.detail === 'string' ? error.params.detail : null
    await transact(({ bulk }) => bulk.giveUp(item, { status: 'failed', reason: detail ?? code, at: clock.now() }))
  }
}

/**
 * Carries approved requests out, portion by portion: writes down how what was begun ended, begins what may begin, and asks for the next turn while there is something to do. May run at any time, any number of times and
 * in several workers at once: each item is begun in the transaction that claims it. What began is a task like any other and goes on by itself.
 */
export const runBulk = (deps: RunBulkDeps) => async (): Promise<void> => {
  const { read, transact, clock, wallClock } = deps
  await read.bulk.expire(clock.now())
  const over = (await read.bulk.begun(1000)).flatMap(item => settled(item) ?? [])
  if (over.length > 0) await transact(async (stores) => {
    await stores.bulk.settle(over, clock.now())
    for (const id of new Set(over.map(({ requestId }) => requestId))) stores.live.publish({ audience: 'staff', name: 'bulk', id })
  })
  const running = await read.bulk.running(20)
  for (const request of running) {
    const underWay = await read.bulk.underWay()
    for (const item of portion(request.act, await read.bulk.due(request.id, wallClock.now()), underWay)) await turn(deps, request, item)
    await transact(async (stores) => {
      const now = await stores.bulk.lock(request.id)
      if (now?.status === 'running' && await stores.bulk.isOver(request.id)) await stores.bulk.move(request.id, { status: 'done', finishedAt: clock.now() })
      stores.live.publish({ audience: 'staff', name: 'bulk', id: request.id })
    })
  }
  if (running.length > 0) await read.outbox.emit('provisioning.bulk-due', { requestedBy: 'turn' }, { singletonKey: 'provisioning.bulk', startAfterSeconds: turnSeconds })
}

import { DriverError } from '#shared/errors/driver-error.ts'
import { takesDisksOf } from '../infrastructure/ports.ts'
import type { HypervisorDriver, NodeHeadroom, RemoteTemplate } from '../infrastructure/ports.ts'
import { moveResource } from './move-resource.ts'
import type { MachineFacts, ReinstallTemplate, SagaState } from './ports.ts'
import { cloneStep, configureStep, sizeDifferences, stopAgain, verifyBuilt } from './provision-service.ts'
import { back, done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, entitled, filterAddress, filterDifference, followTask, hour, inspectMachine, machineOf, minute, removeMachine } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

const bytesPerGiB = 1_073_741_824
/** So often a refused clone is tried under the number that the machine had; then another is taken, should somebody else have got it meanwhile. */
const triesOfNumber = 3

export type ReinstallObstacle = 'template_gone' | 'template_elsewhere' | 'template_too_large' | 'node_unusable' | 'storage_content' | 'no_room'

/**
 * Why a machine must not be destroyed to be made anew from this template; null: it can be made. What the old disk gives back is not counted
 * on: thin storages give back less than the disk's size. Pure.
 */
export function reinstallObstacle(input: { readonly template: Pick<ReinstallTemplate, 'ref'>, readonly node: string, readonly diskGiB: number, readonly remote: readonly RemoteTemplate[], readonly headroom: readonly NodeHeadroom[] }): ReinstallObstacle | null {
  const there = input.remote.find(row => row.ref === input.template.ref)
  if (!there) return 'template_gone'
  if (there.nodes.length > 0 && !there.nodes.includes(input.node)) return 'template_elsewhere'
  // A disk never shrinks: the machine would be larger than what was sold.
  if (there.diskGiB > input.diskGiB * 1.01) return 'template_too_large'
  const room = input.headroom.find(row => row.node === input.node)
  if (!room) return 'node_unusable'
  if (!takesDisksOf(room, there.machineType)) return 'storage_content'
  return room.storageFree < there.diskGiB * bytesPerGiB ? 'no_room' : null
}
const obstacleText: Record<ReinstallObstacle, string> = { template_gone: 'the template is no longer there', template_elsewhere: 'the template lies on the own storage of another node', template_too_large: 'the template\'s disk is larger than what was sold', node_unusable: 'the machine\'s node takes no machines now', storage_content: 'the storage there takes no disks of such machines', no_room: 'the storage has no room for the template\'s disk' }

function planOf({ state }: Pick<StepContext, 'state'>): NonNullable<SagaState['reinstall']> {
  if (!state.reinstall) throw new DriverError('permanent', 'the saga says nothing of what to make')
  return state.reinstall
}

/** The last look before anything is lost. Nothing is changed; whoever fails here leaves the machine as it was. */
async function check(context: StepContext): Promise<StepOutcome> {
  const { facts } = context
  const plan = planOf(context)
  const { resource } = facts
  if (!resource || resource.connectionId === null) throw new DriverError('action_required', 'the service has no machine', { who: 'sysadmin' })
  if (resource.ownershipMark !== plan.fromMark) throw new DriverError('permanent', 'the machine was made anew meanwhile')
  if (!facts.address) throw new DriverError('action_required', 'the service has no address', { who: 'sysadmin' })
  const driver = await context.tools.openHypervisor(resource.connectionId)
  const seen = await driver.inspect({ ownershipMark: plan.fromMark, node: resource.node, vmid: resource.vmid })
  // Only an earlier reinstall that failed leaves none behind; else somebody else has taken it away, and staff must know.
  if (!seen && resource.status !== 'error') throw new DriverError('action_required', 'no machine carries our mark any more', { who: 'sysadmin' })
  const node = seen?.node ?? resource.node ?? ''
  const template = await possible(context, driver, plan.templateId, node)
  await context.save({ template: { node: template.node, ref: template.ref, identity: template.identity }, reinstall: { ...plan, username: template.username, node } })
  return done(template.name)
}

/** @throws DriverError action_required when the machine cannot be made anew from it there */
async function possible({ facts, write }: StepContext, driver: HypervisorDriver, templateId: string, node: string): Promise<ReinstallTemplate> {
  const template = await write(async stores => (await stores.serviceControl.reinstallTemplates(facts.serviceId)).find(row => row.id === templateId))
  const obstacle = template ? reinstallObstacle({ template, node, diskGiB: facts.spec.diskGiB, remote: await driver.listTemplates(), headroom: await driver.listHeadroom() }) : 'template_gone'
  if (!template || obstacle) throw new DriverError('action_required', obstacleText[obstacle ?? 'template_gone'], { who: 'sysadmin' })
  return template
}

/** The old machine is asked for by its own mark alone: a worker that comes late never meets the new one. */
async function destroy(context: StepContext): Promise<StepOutcome> {
  const { facts, saga } = context
  const plan = planOf(context)
  if (!context.state.task) {
    await context.write(async (stores) => {
      await moveResource(stores, { serviceId: facts.serviceId, to: 'provisioning', cause: 'reinstall', actor: saga.actor, at: context.businessNow() })
      await stores.serviceControl.setTemplate(facts.serviceId, plan)
      await stores.resources.update(facts.serviceId, { ...(plan.username === undefined ? {} : { username: plan.username }), ...(plan.node === undefined ? {} : { node: plan.node }) })
    })
  }
  return removeMachine(context, plan.fromMark)
}

/** The old machine was seen to be gone: from here on the service's machine is the one that will carry the new mark, under the number of the old. */
async function renew(context: StepContext): Promise<StepOutcome> {
  const { resource, serviceId } = context.facts
  const { fromMark, toMark } = planOf(context)
  if (!resource || resource.connectionId === null) throw new DriverError('action_required', 'the service has no machine', { who: 'sysadmin' })
  const { connectionId } = resource
  const from = resource.vmid === null ? await (await context.tools.openHypervisor(connectionId)).nextFreeId() : null
  const vmid = await context.write(async (stores) => {
    if (!await stores.resources.renewMark(serviceId, fromMark, toMark)) throw new DriverError('permanent', 'the machine was made anew meanwhile')
    return from === null ? resource.vmid : stores.resources.reserveVmid(serviceId, connectionId, from)
  })
  return done(String(vmid))
}

async function start(context: StepContext): Promise<StepOutcome> {
  // Suspended meanwhile: it stays off (D11), and the suspension's own saga locks it.
  if (!entitled(context.facts)) return { kind: 'done', detail: 'suspended', skipped: true }
  return followTask(context, (driver, machine) => driver.start(machine))
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const { facts, saga } = context
  const seen = await inspectMachine(context)
  const off = !entitled(facts) && seen.lock === null && seen.power === 'stopped'
  const outcome = off ? await verifyOff(context) : await verifyBuilt(context)
  if (outcome.kind !== 'done') return outcome
  await context.write(async (stores) => {
    await stores.resources.update(facts.serviceId, { firstBoot: off })
    if (off) await stores.resources.observe(facts.serviceId, seen, 'made')
    await moveResource(stores, { serviceId: facts.serviceId, to: 'ready', cause: 'reinstalled', actor: saga.actor, at: context.businessNow() })
  })
  return outcome
}

/** Its service is suspended: it is what was sold as far as that shows while it is off. The resume does the rest. */
async function verifyOff(context: StepContext): Promise<StepOutcome> {
  const seen = await inspectMachine(context)
  if (seen.ownershipMark !== machineOf(context.facts).machine.ownershipMark) throw new DriverError('not_ours', 'the machine does not carry our mark')
  const open = (await driverOf(context)).capabilities.addressFilter ? filterDifference(context.facts, seen) : null
  const wrong = [...sizeDifferences(context.facts.spec, seen), ...(open ? [open] : [])]
  return wrong.length > 0 ? back('configure', wrong.join(', ')) : done('suspended')
}

const over = ({ status }: Pick<MachineFacts, 'status'>) => status === 'ended' || status === 'pending'

/**
 * Makes the machine of a service anew from a template: looked at first, then destroyed by mark, then built again under the same number with
 * a new mark. No suspension cuts into it, for then nobody would build it; one that came meanwhile is carried out afterwards.
 */
export const reinstallSaga: SagaDefinition = {
  kind: 'reinstall',
  // With the back-off, about two hours of trying; then staff decide: retry, or reinstall with another template.
  maxAttempts: 16,
  // Until the first look has passed nothing has happened to the machine.
  failureIsError: ({ step }) => step > 0,
  cancelWhen: facts => over(facts) ? `the service is ${facts.status}` : null,
  steps: [
    { name: 'check', patienceSeconds: minute, run: check, undo: { none: 'only looks' } },
    { name: 'destroy', patienceSeconds: 2 * hour, run: destroy, undo: { none: 'a destroyed machine does not come back' } },
    { name: 'renew', patienceSeconds: minute, run: renew, undo: async (context) => {
      if (context.saga.backs >= triesOfNumber) await context.write(stores => stores.resources.update(context.facts.serviceId, { vmid: null }))
      return done()
    } },
    { name: 'clone', patienceSeconds: 6 * hour, run: cloneStep('renew'), undo: context => removeMachine(context, planOf(context).toMark) },
    { name: 'configure', patienceSeconds: 15 * minute, run: configureStep('renew'), undo: { none: 'written again as a whole by the next run' } },
    { name: 'grow_disk', patienceSeconds: hour, run: context => followTask(context, (driver, machine) => driver.growDisk(machine, context.facts.spec.diskGiB)), undo: { none: 'a disk is never shrunk; one that is large enough is left alone' } },
    { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'goes with the machine; set again as a whole by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: start, undo: stopAgain },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}

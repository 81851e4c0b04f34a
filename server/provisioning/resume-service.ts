import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineState } from '../infrastructure/ports.ts'
import { awaitSetup } from './await-setup.ts'
import { moveResource } from './move-resource.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, filterAddress, filterDifference, followTask, inspectMachine, machineOf, minute, provisioningActor } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

async function unlock(context: StepContext): Promise<StepOutcome> {
  await (await driverOf(context)).setSuspended(machineOf(context.facts).machine, false)
  return done()
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (seen.startsAtBoot === false || !seen.networkUp) return back('unlock', 'the machine is still locked')
  const open = (await driverOf(context)).capabilities.addressFilter ? filterDifference(context.facts, seen) : null
  if (open) return back('filter', open)
  if (seen.power !== 'running') return back('start', 'the machine does not run')
  const { address } = context.facts
  const unfinished = context.facts.resource?.firstBoot ? awaitSetup(context, seen, seen.ipv4 !== address?.ipv4 || (address?.ipv6 ? seen.ipv6 !== address.ipv6.address : false)) ?? await finishFirstBoot(context, seen) : null
  if (unfinished) return unfinished
  await context.write(async (stores) => {
    await stores.resources.observe(context.facts.serviceId, seen)
    if (context.facts.resource?.firstBoot) await stores.resources.update(context.facts.serviceId, { firstBoot: false })
  })
  return done()
}

/** It was made anew while it was suspended, so it boots for the first time now: what a build waits for is waited for here. Null: it is finished. */
async function finishFirstBoot(context: StepContext, { ipv4, ipv6 }: MachineState): Promise<StepOutcome | null> {
  const driver = await driverOf(context)
  const six = context.facts.address?.ipv6?.address
  if ((ipv4 === null || (six !== undefined && ipv6 === null)) && !driver.capabilities.knowsAddress) return wait(context.pollSeconds(), 'waiting_for_address')
  const wanted = context.facts.address?.ipv4
  if (six !== undefined && ipv6 !== six) throw new DriverError('retryable', `IPv6 address ${ipv6 ?? 'none'} instead of ${six}`)
  if (ipv4 !== wanted) throw new DriverError('retryable', `address ${ipv4 ?? 'none'} instead of ${wanted ?? 'none'}`)
  await driver.forgetFirstBoot(machineOf(context.facts).machine)
  return null
}

async function activate(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, tools } = context
  await context.write(async (stores) => {
    await moveResource(stores, { serviceId: facts.serviceId, to: 'ready', cause: 'machine_verified', actor: saga.actor, at: context.businessNow() })
    await tools.markServiceActive(stores, { serviceId: facts.serviceId, cause: 'machine_verified', actor: provisioningActor })
  })
  return done()
}

/** Starts the machine of a service that is entitled again; it turns active only when the machine was seen to run. */
export const resumeSaga: SagaDefinition = {
  kind: 'resume',
  // It was paid for: never given up by itself. The delay grows to a quarter of an hour at most.
  maxAttempts: null,
  failureIsError: true,
  // Suspended anew meanwhile (by staff): the machine is stopped again by the suspension's own saga.
  cancelWhen(facts) {
    // Active by this very saga, whose worker was lost before it could say so.
    if (facts.status === 'active' && facts.resource?.status === 'ready') return null
    if (facts.status !== 'suspended') return `the service is ${facts.status}`
    return facts.resumable ? null : 'the service was suspended anew'
  },
  steps: [
    { name: 'unlock', patienceSeconds: minute, run: unlock, undo: { none: 'set again by the next run' } },
    // Here, too: machines of an older release have no filter yet.
    { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'set again by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: context => followTask(context, (driver, machine) => driver.start(machine)), undo: { none: 'a running machine is what is wanted' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
    { name: 'activate', patienceSeconds: minute, run: activate, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}

import type { PowerAction } from '#shared/vocabulary/machines.ts'
import type { HypervisorDriver, MachineRef, TaskHandle } from '../infrastructure/ports.ts'
import { done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { filterAddress, followTask, inspectMachine, minute, setFilter } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

const acts: Record<PowerAction, (driver: HypervisorDriver, machine: MachineRef) => Promise<TaskHandle | null>> = {
  start: (driver, machine) => driver.start(machine),
  shutdown: (driver, machine) => driver.shutdown(machine, { timeoutSeconds: 90, force: false }),
  stop: (driver, machine) => driver.stop(machine),
  reboot: (driver, machine) => driver.reboot(machine),
}
const target = (action: string | null) => action === 'start' || action === 'reboot' ? 'running' : 'stopped'

async function act(context: StepContext): Promise<StepOutcome> {
  const action = context.saga.action as PowerAction
  const { sentAt, task } = context.state
  if (!task && action === 'reboot' && sentAt) {
    // A predecessor was lost after it may have asked: a machine younger than that has rebooted already.
    const seen = await inspectMachine(context)
    if (seen.power === 'running' && seen.uptimeSeconds * 1000 < context.now().getTime() - Date.parse(sentAt)) return done()
  }
  // Machines of an older release have no filter yet. One that runs may put its network card behind it only as it reboots: nothing to read back before.
  if (!task && action === 'start') await filterAddress(context)
  if (!task && action === 'reboot') await setFilter(context)
  if (!task) await context.save({ sentAt: context.now().toISOString() })
  // The machine itself refused (a guest that does not shut down): asking again by ourselves would surprise its owner.
  return followTask(context, acts[action], 'permanent')
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const seen = await inspectMachine(context)
  if (seen.power !== target(context.saga.action)) return wait(context.pollSeconds(), 'power_pending')
  await context.write(stores => stores.resources.observe(context.facts.serviceId, seen))
  return done()
}

/** What a client or staff asked of a running service's machine. Tried for a minute or so, not for hours: by then nobody wants it any more. */
export const powerSaga: SagaDefinition = {
  kind: 'power',
  maxAttempts: 5,
  failureIsError: false,
  // A suspended machine stays off, whatever was asked before (D11).
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
  steps: [
    { name: 'act', patienceSeconds: 10 * minute, run: act, undo: { none: 'nothing goes back over it' } },
    { name: 'verify', patienceSeconds: 2 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}

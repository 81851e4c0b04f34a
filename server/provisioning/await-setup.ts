import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineState } from '../infrastructure/ports.ts'
import { wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import type { StepContext } from './step.ts'

/** A guest that its hypervisor customises has the template's network until that is over: what differs is waited for. Null: nothing is. @throws DriverError action_required with the hypervisor's words when it failed */
export function awaitSetup(context: StepContext, { setup }: MachineState, differs: boolean): StepOutcome | null {
  if (setup?.state === 'failed') throw new DriverError('action_required', `the guest was not customised: ${setup.message}`, { who: 'sysadmin' })
  return setup?.state === 'running' && differs ? wait(context.pollSeconds(), 'waiting_for_customisation') : null
}

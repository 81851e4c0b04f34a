import { DriverError } from '#shared/errors/driver-error.ts'
import { openAccount } from './account.ts'
import { powerSaga } from './power-machine.ts'
import { done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { forgetPassword, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** Sets what the client chose, and forgets it: set twice, it is the same password. */
async function setPassword(context: StepContext): Promise<StepOutcome> {
  const { state, tools, facts } = context
  if (!state.password) throw new DriverError('permanent', 'the password is not kept any more: it has to be chosen anew')
  const { driver, ref } = await openAccount(context)
  try {
    await driver.setPassword(ref, tools.secrets.open(state.password))
  } catch (error) {
    if (error instanceof DriverError && error.kind !== 'retryable' && error.kind !== 'unknown_outcome') await context.save({ password: null })
    throw error
  }
  await context.write(stores => stores.resources.update(facts.serviceId, { initialPassword: null }))
  return done()
}

async function forget(context: StepContext): Promise<StepOutcome> {
  await context.save({ password: null })
  return done()
}

/** A new password of a running service's account. Tried for a minute or so, not for hours. */
export const passwordSaga: SagaDefinition = {
  ...powerSaga,
  onFailed: forgetPassword,
  steps: [
    { name: 'set_password', patienceSeconds: minute, run: setPassword, undo: { none: 'nothing goes back over it' } },
    { name: 'forget', patienceSeconds: minute, run: forget, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}

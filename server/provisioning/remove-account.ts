import { openAccount } from './account.ts'
import { moveResource } from './move-resource.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { hour, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'
import { terminateSaga } from './terminate-service.ts'

/** An account that was asked for and never read back may still come to light for so long. */
const settleSeconds = 60

const neverPlaced = ({ facts }: StepContext) => !facts.resource?.connectionId || facts.resource.username === null

/** Removes the account that is proven to be ours; nothing else is ever touched. Done when there is none. */
async function remove(context: StepContext): Promise<StepOutcome> {
  if (neverPlaced(context)) return done('never_built')
  const { driver, ref } = await openAccount(context)
  await driver.remove(ref)
  if (ref.birth !== null) return done()
  if (!context.state.sentAt) await context.save({ sentAt: context.now().toISOString() })
  const since = Date.parse(context.state.sentAt ?? context.now().toISOString())
  return context.now().getTime() - since < settleSeconds * 1000 ? wait(10, 'looking_for_lost_answer') : done()
}

async function verify(context: StepContext): Promise<StepOutcome> {
  if (neverPlaced(context)) return done('never_built')
  const { driver, ref } = await openAccount(context)
  return await driver.find(ref) ? back('remove', 'the account is still there') : done()
}

async function release(context: StepContext): Promise<StepOutcome> {
  const { facts, saga } = context
  await context.write(async (stores) => {
    await moveResource(stores, { serviceId: facts.serviceId, to: 'destroyed', cause: 'account_gone', actor: saga.actor, at: context.businessNow() })
    await stores.hostingAccounts.release(facts.serviceId)
    await stores.resources.update(facts.serviceId, { initialPassword: null })
  })
  return done()
}

/** Removes the account of a service that has ended, with all it holds, seen to be gone before its domain may be ordered anew. */
export const removeAccountSaga: SagaDefinition = {
  ...terminateSaga,
  steps: [
    { name: 'remove', patienceSeconds: hour, run: remove, undo: { none: 'a removed account does not come back' } },
    { name: 'verify', patienceSeconds: 5 * minute, run: verify, undo: { none: 'only looks' } },
    { name: 'release_domain', patienceSeconds: minute, run: release, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}

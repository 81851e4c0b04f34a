import { DriverError } from '#shared/errors/driver-error.ts'
import { openAccount, packageOf, readAccount } from './account.ts'
import { restoreSaga } from './restore-machine.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { entitled, hour, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/**
 * Which restore it is, is kept before the panel is asked for it: whoever repeats the step looks for just this one, and queues no second. Nothing is
 * queued for a service that does not run any more.
 */
async function queueRestore(context: StepContext): Promise<StepOutcome> {
  const wish = context.state.accountRestore
  if (!wish) throw new DriverError('permanent', 'the saga names no backup')
  const { driver, ref } = await openAccount(context)
  if (wish.handle) {
    const { state } = await driver.restoreState(wish.handle)
    // The account may look like anything while it is restored: nothing is proven then, and nothing asked.
    if (state !== 'unknown' && state !== 'queued') return done()
  }
  if (!entitled(context.facts)) throw new DriverError('permanent', `the service is ${context.facts.status}`)
  const handle = wish.handle ?? await driver.prepareRestore(ref, wish)
  if (!wish.handle) await context.save({ accountRestore: { ...wish, handle } })
  await driver.startRestore(ref, handle)
  return done()
}

async function follow(context: StepContext): Promise<StepOutcome> {
  const wish = context.state.accountRestore
  // Tried again after it had failed: a new restore.
  if (!wish?.handle) return back('queue_restore', 'restored once more')
  const { driver, ref } = await openAccount(context)
  const seen = await driver.restoreState(wish.handle)
  if (seen.state === 'unknown') return back('queue_restore', 'the panel does not know of the restore')
  if (seen.state === 'queued') {
    // A queue that stands still is set going again.
    await driver.startRestore(ref, wish.handle)
    return wait(context.pollSeconds(), 'restore_queued')
  }
  if (seen.state === 'running') return wait(context.pollSeconds(), 'restore_runs')
  if (seen.state === 'failed') {
    const { handle: _, ...again } = wish
    await context.save({ accountRestore: again })
    throw new DriverError('permanent', seen.message)
  }
  return done(seen.warning ?? undefined)
}

/**
 * What the backup brought along is made what was sold. Ours is what has the birth that we kept: a restore brings an account back over itself, and gives it no other number
 * and no other second of creation; one that has another one is not taken for ours.
 */
async function setRight(context: StepContext): Promise<StepOutcome> {
  if (context.facts.status === 'ended') return done('ended')
  const { driver, ref } = await openAccount(context)
  const seen = await readAccount(context)
  if (seen.domain !== context.facts.hostname) throw new DriverError('action_required', `the account has the domain ${seen.domain} instead of ${context.facts.hostname}`, { who: 'sysadmin' })
  if (seen.package !== packageOf(context.facts)) await driver.changePackage(ref, packageOf(context.facts))
  // Backed up before it was handed over.
  if (seen.contactEmail.startsWith(`gardu-${ref.ownershipMark}@`)) await driver.handOver(ref, context.facts.hosting?.clientEmail ?? '')
  if (seen.suspended && entitled(context.facts)) await driver.resume(ref)
  return done()
}

async function verify(context: StepContext): Promise<StepOutcome> {
  if (context.facts.status === 'ended') return done('ended')
  const seen = await readAccount(context)
  if (seen.package !== packageOf(context.facts)) return back('set_right', `the account is on package ${seen.package}`)
  return seen.suspended && entitled(context.facts) ? back('set_right', 'the account is suspended') : done(seen.package)
}

/**
 * Takes a hosting account back to a backup of its panel's. Once it was queued nothing cuts into it, not even the end of the service: an account that was
 * removed while the panel restores it would come back.
 */
export const restoreAccountSaga: SagaDefinition = {
  ...restoreSaga,
  // What the panel could not restore is still an account, and runs: staff read why.
  failureIsError: false,
  cancelWhen: () => null,
  steps: [
    { name: 'queue_restore', patienceSeconds: minute, run: queueRestore, undo: { none: 'run again it finds what was queued' } },
    { name: 'follow_restore', patienceSeconds: 12 * hour, run: follow, undo: { none: 'only looks' } },
    { name: 'set_right', patienceSeconds: 10 * minute, run: setRight, undo: { none: 'written again by the next run' } },
    { name: 'verify', patienceSeconds: 5 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}

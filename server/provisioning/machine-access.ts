import { DriverError } from '#shared/errors/driver-error.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, followTask, forgetPassword, inspectMachine, machineOf, minute, setFilter } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

const skipped = (detail: string): StepOutcome => ({ kind: 'done', detail, skipped: true })

function passwordOf({ state, tools }: StepContext): string {
  if (!state.password) throw new DriverError('permanent', 'the password is not kept any more: it has to be set anew')
  return tools.secrets.open(state.password)
}
const usernameOf = (context: StepContext) => machineOf(context.facts).resource.username ?? 'root'

/** Asked of the guest first: where it refuses, nothing was changed and nobody has to guess which password counts. */
async function inside(context: StepContext): Promise<StepOutcome> {
  if (context.saga.action !== 'password') return skipped('keys')
  if (context.state.inside !== undefined) return done(context.state.inside ? 'inside' : 'no_agent')
  try {
    const reached = await (await driverOf(context)).setPasswordInside(machineOf(context.facts).machine, { username: usernameOf(context), password: passwordOf(context) })
    await context.save({ inside: reached })
    return reached ? done('inside') : skipped('no_agent')
  } catch (error) {
    if (error instanceof DriverError && (error.kind === 'permanent' || error.kind === 'not_ours')) await context.save({ password: null })
    throw error
  }
}

/** Also after the guest took it on: whatever makes the guest boot as new later on must set the same password, not an older one. */
async function keep(context: StepContext): Promise<StepOutcome> {
  const { machine } = machineOf(context.facts)
  const change = context.saga.action === 'password' ? { password: passwordOf(context) } : { sshKey: context.state.sshKey ?? null }
  await (await driverOf(context)).keepLogin(machine, { username: usernameOf(context), ...change })
  return done()
}

async function verifyLogin(context: StepContext): Promise<StepOutcome> {
  const { facts, state, saga } = context
  const there = await (await driverOf(context)).readAccess(machineOf(facts).machine)
  if (saga.action === 'password') {
    if (!there.hasPassword) return back('keep', 'the hypervisor keeps no password')
    await context.write(stores => stores.resources.update(facts.serviceId, { initialPassword: state.password ?? null }))
    return done()
  }
  const wanted = state.sshKey ?? null
  if (there.sshKey !== wanted) return back('keep', 'the keys at the hypervisor are others')
  await context.write(stores => stores.serviceControl.setSshKey(facts.serviceId, wanted))
  return done()
}

async function forget(context: StepContext): Promise<StepOutcome> {
  await context.save({ password: null })
  return done()
}

/** Where the guest learns it at its next start alone, and that was wished at once. What does not run learns it when it is started. */
async function restart(context: StepContext): Promise<StepOutcome> {
  const { state } = context
  if (state.inside === true) return skipped('inside')
  if (state.restart !== true) return skipped('next_start')
  if (!state.task) {
    const seen = await inspectMachine(context)
    if (seen.power === 'stopped') return skipped('stopped')
    // A predecessor was lost after it may have asked: a machine younger than that has restarted already.
    if (state.sentAt && seen.power === 'running' && seen.uptimeSeconds * 1000 <= context.now().getTime() - Date.parse(state.sentAt)) return done()
    await setFilter(context)
    await context.save({ sentAt: context.now().toISOString() })
  }
  const followed = await followTask(context, (driver, machine) => driver.reboot(machine), 'permanent')
  if (followed.kind !== 'done') return followed
  const seen = await inspectMachine(context)
  if (seen.power !== 'running') return wait(context.pollSeconds(), 'power_pending')
  await context.write(stores => stores.resources.observe(context.facts.serviceId, seen))
  return followed
}

const common = {
  maxAttempts: 5,
  failureIsError: false,
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
} satisfies Partial<SagaDefinition>
const restartStep = { name: 'restart', patienceSeconds: 10 * minute, skippable: true, run: restart, undo: { none: 'the last step: nothing goes back over it' } }

/** A new password, or other SSH keys, for a machine that is there. */
export const accessSaga: SagaDefinition = {
  ...common,
  onFailed: forgetPassword,
  kind: 'access',
  steps: [
    { name: 'inside', patienceSeconds: minute, run: inside, undo: { none: 'set twice, it is the same password' } },
    { name: 'keep', patienceSeconds: minute, run: keep, undo: { none: 'written again by the next run' } },
    { name: 'verify', patienceSeconds: minute, run: verifyLogin, undo: { none: 'only looks' } },
    { name: 'forget', patienceSeconds: minute, run: forget, undo: { none: 'nothing goes back over it' } },
    restartStep,
  ],
}

function wantedName({ state }: Pick<StepContext, 'state'>): string {
  if (!state.hostname) throw new DriverError('permanent', 'the saga names no host name')
  return state.hostname
}

/** Another host name: at the hypervisor, in the books when it was read back, and inside at the next start. */
export const renameSaga: SagaDefinition = {
  ...common,
  kind: 'rename',
  steps: [
    { name: 'rename', patienceSeconds: minute, run: async (context) => {
      await (await driverOf(context)).rename(machineOf(context.facts).machine, wantedName(context))
      return done()
    }, undo: { none: 'named again by the next run' } },
    { name: 'verify', patienceSeconds: minute, run: async (context) => {
      const wanted = wantedName(context)
      const { hostname } = await (await driverOf(context)).readAccess(machineOf(context.facts).machine)
      if (hostname !== wanted) return back('rename', `the machine is called ${hostname ?? 'nothing'}`)
      await context.write(stores => stores.serviceControl.rename(context.facts.serviceId, wanted))
      return done()
    }, undo: { none: 'only looks' } },
    restartStep,
  ],
}

import { DriverError } from '#shared/errors/driver-error.ts'
import { accountName } from './account-name.ts'
import { accountOf, activateAccount, openAccount, packageOf } from './account.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** For how long an account whose answer was lost may still come to light before its name counts as somebody else's. */
const settleSeconds = 30
const mostNames = 50

/** Our account, if it stands at the panel already. What we may not see there is somebody else's: the panel says so itself when it is asked for the name. */
async function ourAccount(context: StepContext) {
  if (!context.facts.resource?.connectionId || !context.facts.resource.username) return null
  const { driver, ref } = await openAccount(context)
  return driver.find(ref).catch((error: unknown) => {
    if (error instanceof DriverError && (error.kind === 'not_ours' || error.kind === 'action_required')) return null
    throw error
  })
}

async function place(context: StepContext): Promise<StepOutcome> {
  const { facts, state, tools } = context
  if (await ourAccount(context)) return done('account_exists')
  const { servers, complete } = await tools.findServers({ connectionIds: facts.hosting?.connectionIds ?? [], package: packageOf(facts) })
  const hostname = await context.write(async (stores) => {
    // The place that the order held, unless that server has no room any more.
    const claim = { connectionIds: servers.map(each => each.connectionId), complete, count: 1, policy: facts.placementPolicy, prefer: facts.hosting?.account?.connectionId ?? null }
    const [connectionId = ''] = await tools.holdAccounts(stores, { claims: [claim], forServiceId: facts.serviceId })
    const server = servers.find(each => each.connectionId === connectionId)
    await stores.hostingAccounts.place(facts.serviceId, connectionId)
    await stores.resources.update(facts.serviceId, { connectionId, node: server?.hostname ?? '-', username: accountName(facts.hostname, state.nameTry ?? 0) })
    return server?.hostname
  })
  return done(hostname ?? undefined)
}

/** The panel said clearly that this name is somebody else's. */
async function nextName(context: StepContext): Promise<StepOutcome> {
  const nameTry = (context.state.nameTry ?? 0) + 1
  if (nameTry >= mostNames) throw new DriverError('action_required', `no user name for ${context.facts.hostname} is free`, { who: 'sysadmin' })
  await context.write(stores => stores.resources.update(context.facts.serviceId, { username: accountName(context.facts.hostname, nameTry) }))
  await context.save({ nameTry, sentAt: null })
  return wait(0.1, 'name_taken')
}

/**
 * One account, whatever happens: the intent is stored before the act, and the driver looks for our mark (by name and by domain) before it asks for
 * an account. Another name is taken only after a clear "exists already".
 */
async function create(context: StepContext): Promise<StepOutcome> {
  const { facts, state, tools } = context
  if (!facts.resource?.connectionId || facts.resource.username === null) return back('choose_server', 'no server chosen')
  const { resource, ref } = accountOf(facts)
  const { driver } = await openAccount(context)
  // Kept before it is used: whoever repeats the step sets the same password.
  const sealed = resource.initialPassword ?? tools.secrets.seal(tools.newPassword())
  if (resource.initialPassword === null) await context.write(stores => stores.resources.update(facts.serviceId, { initialPassword: sealed }))
  const doubtful = state.sentAt ?? null
  if (doubtful === null) await context.save({ sentAt: context.now().toISOString() })
  try {
    const made = await driver.create({ user: ref.user, domain: facts.hostname, package: packageOf(facts), password: tools.secrets.open(sealed), ownershipMark: ref.ownershipMark })
    if (made.user !== ref.user) await context.write(stores => stores.resources.update(facts.serviceId, { username: made.user }))
    return done(made.user)
  } catch (error) {
    return refused(context, error, doubtful)
  }
}

async function refused(context: StepContext, error: unknown, doubtful: string | null): Promise<StepOutcome> {
  if (!(error instanceof DriverError) || error.kind === 'unknown_outcome') throw error
  // While an earlier call has no answer, what stands under the name may be ours, half made.
  const young = doubtful !== null && context.now().getTime() - Date.parse(doubtful) < settleSeconds * 1000
  if (error.about === 'name_taken') return young ? wait(2, 'looking_for_lost_answer') : nextName(context)
  if (young && error.kind === 'action_required') return wait(2, 'looking_for_lost_answer')
  if (doubtful === null) await context.save({ sentAt: null })
  // A server that is full, or lost the package: another one is looked for.
  if (error.kind === 'action_required' && error.who === 'sysadmin') return back('choose_server', error.message)
  throw error
}

/** Only what was read back counts; its birth is kept, which proves it from now on. */
async function verify(context: StepContext): Promise<StepOutcome> {
  const { facts } = context
  const { driver, ref } = await openAccount(context)
  const seen = await driver.find(ref)
  if (!seen) return back('create', 'the account is not there')
  if (seen.domain !== facts.hostname) throw new DriverError('action_required', `the account has the domain ${seen.domain} instead of ${facts.hostname}`, { who: 'sysadmin' })
  if (seen.suspended) throw new DriverError('action_required', `the account was suspended at the panel (${seen.suspended.reason || 'no reason given'})`, { who: 'sysadmin' })
  if (seen.package !== packageOf(facts)) {
    await driver.changePackage(ref, packageOf(facts))
    return wait(context.pollSeconds(), 'package_differs')
  }
  await context.write(async (stores) => {
    await stores.hostingAccounts.keep(facts.serviceId, { birth: seen.birth, ip: seen.ip })
    await stores.resources.update(facts.serviceId, { username: seen.user })
  })
  return done(seen.package)
}

/** The panel's letters are for the client. */
async function handOver(context: StepContext): Promise<StepOutcome> {
  const { driver, ref } = await openAccount(context)
  await driver.handOver(ref, context.facts.hosting?.clientEmail ?? '')
  return done()
}

async function activate(context: StepContext): Promise<StepOutcome> {
  await activateAccount(context)
  return done()
}

/** Makes the hosting account of a service that was paid for the first time, and activates it when it was read back. */
export const provisionAccountSaga: SagaDefinition = {
  kind: 'provision',
  // With the back-off, about two hours of trying; then staff decide.
  maxAttempts: 16,
  failureIsError: true,
  cancelWhen: facts => facts.status === 'ended' ? 'the service has ended' : null,
  steps: [
    { name: 'choose_server', patienceSeconds: minute, run: place, undo: { none: 'chosen anew by the next run' } },
    { name: 'create', patienceSeconds: 15 * minute, run: create, undo: { none: 'gone back over only when the panel proved that nothing was made' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
    { name: 'hand_over', patienceSeconds: minute, skippable: true, run: handOver, undo: { none: 'written again by the next run' } },
    { name: 'activate', patienceSeconds: minute, run: activate, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}

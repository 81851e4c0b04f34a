import { DriverError } from '#shared/errors/driver-error.ts'
import type { AccountRef, OpenPanel, PanelDriver } from '../infrastructure/ports.ts'
import { confirmedAccount, suspectAccountDrift } from './account-drift.ts'
import type { Drift, DriftStore, ExpectedAccount } from './drift-ports.ts'

interface Deps { readonly drift: DriftStore, readonly openPanel: OpenPanel, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 30_000
const atATime = 2
/** Suspicions that are looked into in one go; the next look takes the others. */
const most = 100

/** What differs on one control panel, each looked at once more, and the marks of those that could not be looked at. Asks, and changes nothing. */
export async function lookAtPanel({ drift, openPanel, within }: Deps, connectionId: string): Promise<[Drift[], Set<string>]> {
  const driver = await openPanel(connectionId)
  const observed = await within(patience, driver.listAccounts())
  const expected = await drift.expectedAccountsOn(connectionId)
  const known = new Set(expected.map(account => account.birth))
  const [births, marks] = await Promise.all([
    drift.ownersOfBirths(connectionId, observed.flatMap(({ birth }) => known.has(birth) ? [] : [birth])),
    drift.ownersOf([...new Set(observed.flatMap(({ mark }) => mark === null ? [] : [mark]))]),
  ])
  const suspected = suspectAccountDrift({ expected, observed, births, marks })
  const found = suspected.filter(each => each.kind === 'orphan_account')
  const waiting = suspected.filter(each => each.kind !== 'orphan_account')
  const unsure = new Set(waiting.splice(most).map(each => each.key))
  const byMark = new Map(expected.map(account => [account.ownershipMark, account]))
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (let each = waiting.shift(); each; each = waiting.shift()) {
      const account = byMark.get(each.key)
      if (!account) continue
      try {
        const left = confirmedAccount(each, account, await within(patience, lookFor(driver, account, each)))
        if (left) found.push(left)
      } catch {
        unsure.add(each.key)
      }
    }
  }))
  return [found, unsure]
}

/** Under the name that it was seen with. Somebody else's in its place proves that ours is not there. */
async function lookFor(driver: PanelDriver, { user, domain, ownershipMark, birth }: ExpectedAccount, { detail }: Drift) {
  const ref: AccountRef = { user: String(detail.user ?? user), domain, ownershipMark, birth }
  return driver.find(ref).catch((error: unknown) => {
    if (error instanceof DriverError && error.kind === 'not_ours') return null
    throw error
  })
}

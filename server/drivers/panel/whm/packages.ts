import { DriverError } from '#shared/errors/driver-error.ts'
import type { RemotePackage } from '#server/infrastructure/panel-ports.ts'
import type { PanelPackages } from '#server/infrastructure/panel-packages-ports.ts'
import type { Params } from './api.ts'

interface Tools { readonly list: () => Promise<RemotePackage[]>, readonly act: (call: string, params: Params) => Promise<unknown>, /** In front of the names of a reseller's packages. */ readonly user: string }
type Limits = Omit<RemotePackage, 'name'>

const fields = { diskMiB: 'quota', bandwidthMiB: 'bwlimit', maxAddonDomains: 'maxaddon', maxMailboxes: 'maxpop', maxDatabases: 'maxsql' } as const satisfies Record<keyof Limits, string>
const keys = Object.keys(fields) as (keyof Limits)[]
/** Everything that we decide about is said, so that no default of the server's decides. */
const paramsOf = (limits: Limits): Params => Object.fromEntries(keys.map(key => [fields[key], limits[key] === null ? 'unlimited' : String(limits[key])]))
export const sameLimits = (a: Limits, b: Limits): boolean => keys.every(key => a[key] === b[key])

export function packages({ list, act, user }: Tools): PanelPackages {
  /** A reseller asks for `hemat` and gets `user_hemat`. */
  const named = (found: readonly RemotePackage[], name: string) => found.find(each => each.name === name) ?? found.find(each => each.name === `${user}_${name}`)
  /** Carries it out; a lost answer is settled by what is there now. */
  const settled = (work: Promise<unknown>) => work.catch((error: unknown) => {
    if (!(error instanceof DriverError && error.kind === 'unknown_outcome')) throw error
  })
  return {
    async createPackage({ name, ...limits }) {
      if (named(await list(), name)) throw new DriverError('permanent', `WHM: package ${name} already exists`, { about: 'name_taken' })
      await settled(act('addpkg', { name, ...paramsOf(limits) }))
      const made = named(await list(), name)
      if (!made || !sameLimits(made, limits)) throw new DriverError('retryable', `WHM: package ${name} is not there as it was asked for`)
      return made
    },
    async changeLimits({ name, ...known }, wish) {
      const now = (await list()).find(each => each.name === name)
      if (!now) throw new DriverError('not_found', `WHM: there is no package ${name}`)
      if (sameLimits(now, wish)) return now
      if (!sameLimits(now, known)) throw new DriverError('permanent', `WHM: package ${name} was changed at the panel`, { about: 'changed_elsewhere' })
      await settled(act('editpkg', { name, ...paramsOf(wish) }))
      const changed = (await list()).find(each => each.name === name)
      if (!changed || !sameLimits(changed, wish)) throw new DriverError('retryable', `WHM: package ${name} is not as it was asked for`)
      return changed
    },
  }
}

import { no } from './calls.ts'
import type { Call, CallDefinition } from './calls.ts'
import type { SimPackage } from './state.ts'

const fields = { quota: 'QUOTA', bwlimit: 'BWLIMIT', maxaddon: 'MAXADDON', maxpop: 'MAXPOP', maxsql: 'MAXSQL' } as const
const limit = (text: string) => text === 'unlimited' || /^\d{1,6}$/.test(text) ? text : no(`“${text}” is not a valid limit.`)
const given = ({ params }: Call): Partial<SimPackage> => Object.fromEntries(Object.entries(fields).flatMap(([param, field]) => params[param] === undefined ? [] : [[field, limit(params[param])]]))
const empty = { QUOTA: 'unlimited', BWLIMIT: 'unlimited', MAXADDON: '0', MAXPOP: 'unlimited', MAXSQL: 'unlimited' }

export const packageCalls: Readonly<Record<string, CallDefinition>> = {
  addpkg: { acl: 'add-pkg', handle(call) {
    const { state, token, params, lie } = call
    // A reseller's packages carry his name in front.
    const name = token.acls.includes('all') || params.name?.startsWith(`${token.user}_`) ? params.name ?? '' : `${token.user}_${params.name}`
    if (state.packages.some(each => each.name === name)) no(`Sorry, a package named “${name}” already exists.`)
    if (!lie) state.packages = [...state.packages, { name, ...empty, ...given(call) }]
    return { pkg: name }
  } },
  editpkg: { acl: 'edit-pkg', handle(call) {
    const { state, params, lie } = call
    const found = state.packages.find(({ name }) => name === params.name) ?? no(`The package “${params.name}” does not exist.`)
    if (!lie) Object.assign(found, given(call))
    return { pkg: found.name }
  } },
}

import { consoleRight, furtherVmwareRights, neededVmwareRights } from '#shared/vocabulary/vmware-rights.ts'
import type { ConnectionTestStep, HypervisorAccess } from '#server/infrastructure/ports.ts'
import { commonNames, reach, runStep, words } from '../../reach.ts'
import type { Outcome } from '../../reach.ts'
import { locator } from './locate.ts'
import type { Locator } from './locate.ts'
import type { Vim } from './soap.ts'
import { licenseRow } from './transform.ts'

/** Each step of a connection test, as soon as it is known; the first failure that makes the later ones meaningless ends it. Never throws. */
export async function* probe(kind: 'vcenter' | 'esxi', access: HypervisorAccess, open: () => Vim): AsyncGenerator<ConnectionTestStep> {
  if (!(yield* reach('VMware', access))) return
  const vim = open()
  try {
    const find = locator(vim, access)
    const auth = await runStep('auth', async () => {
      await vim.content()
      return { ok: true, detail: access.tokenId }
    })
    yield auth
    if (!auth.ok) return
    yield await runStep('permissions', () => checkPrivileges(kind, vim, access.console === true))
    yield await runStep('version', () => checkVersion(kind, vim))
    yield await runStep('nodes', () => checkHosts(find, access))
  } finally {
    vim.close()
  }
}

/** Rights, and on a host whether its licence lets them be used: a free one refuses every change. */
async function checkPrivileges(kind: 'vcenter' | 'esxi', vim: Vim, screens: boolean): Promise<Outcome> {
  const { rootFolder, licenseManager } = await vim.content()
  const refused = await vim.missingPrivileges([rootFolder], [...neededVmwareRights[kind], ...screens ? [consoleRight] : [], ...furtherVmwareRights[kind]])
  const isFurther = (right: string) => furtherVmwareRights[kind].some(each => each === right)
  const missing = { detail: `missing: ${refused.join(', ')}`, missingPermissions: refused }
  if (!refused.every(isFurther)) return { ok: false, ...missing }
  const [licences] = kind === 'esxi' && licenseManager ? await vim.read([licenseManager], 'LicenseManager', licenseRow) : []
  const free = (licences?.props.licenses ?? []).find(({ editionKey }) => /basic|free/i.test(editionKey))
  if (free) return { ok: false, detail: `the licence of this host (${free.name}) allows reading only; machines need a paid licence` }
  return refused.length > 0 ? { ok: true, finding: 'limited_privileges', ...missing } : { ok: true, detail: 'all needed privileges are there' }
}

async function checkVersion(kind: 'vcenter' | 'esxi', vim: Vim): Promise<Outcome> {
  const { about } = await vim.content()
  const wanted = kind === 'vcenter' ? 'VirtualCenter' : 'HostAgent'
  if (about.apiType !== wanted) return { ok: false, detail: about.apiType === 'VirtualCenter' ? 'this is a vCenter, not a stand-alone ESXi' : 'this is a single ESXi, not a vCenter' }
  const [major = 0, minor = 0] = about.version.split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 5) ? { ok: true, detail: about.version } : { ok: false, detail: `${about.version} is older than 6.5` }
}

/** Every host that may carry machines is available and has the datastore and the network. */
async function checkHosts(find: Locator, access: HypervisorAccess): Promise<Outcome> {
  const all = await find.hosts()
  const unknown = access.nodes.filter(name => !all.some(({ props }) => props.name === name))
  const nodes = all.map(({ props }) => props.name).sort()
  if (unknown.length > 0) return { ok: false, detail: `no such host: ${unknown.join(', ')}`, choices: { nodes, storages: [], networks: [] } }
  const wanted = all.filter(({ props }) => access.nodes.length === 0 || access.nodes.includes(props.name))
  const usable = wanted.filter(find.isUsable)
  if (usable.length === 0) return { ok: false, detail: 'no host is available', choices: { nodes, storages: [], networks: [] } }
  const wrong: string[] = []
  for (const host of usable) for (const look of [() => find.storageOf(host), () => find.network(host.obj)]) await look().catch((error: unknown) => wrong.push(words(error)))
  const [stores, names] = await Promise.all([find.datastores(), find.networkNames(usable)])
  const usableStores = stores.filter(({ props }) => props['summary.accessible'])
  const choices = { nodes, storages: commonNames(usable.map(({ props }) => usableStores.filter(({ obj }) => props.datastore?.some(({ id }) => id === obj.id)).map(store => store.props.name))), networks: commonNames(usable.map(({ obj }) => names.get(obj.id) ?? [])) }
  const away = wanted.length - usable.length
  return { ok: wrong.length === 0, detail: [`${usable.map(({ props }) => props.name).join(', ')} available`, ...(away > 0 ? [`${away} not available`] : []), ...wrong].join('; '), choices }
}

import type { ConnectionTestStep, HypervisorAccess } from '#server/infrastructure/ports.ts'
import { commonNames, reach, runStep, words } from '../../reach.ts'
import type { Outcome } from '../../reach.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import { containersOf } from './containers.ts'
import { addressFilter } from './filter.ts'
import { eachOf } from './locate.ts'
import * as reply from './schema.ts'
import { backupPrivileges, missingPrivileges, requiredPrivileges, takenBy } from './transform.ts'

/** Each step of a connection test, as soon as it is known; the first failure that makes the later ones meaningless ends it. Never throws. */
export async function* probe(access: HypervisorAccess, openApi: () => ProxmoxApi): AsyncGenerator<ConnectionTestStep> {
  if (!(yield* reach('Proxmox', access))) return
  let api: ProxmoxApi
  try {
    api = openApi()
  } catch (error) {
    yield { step: 'auth', ok: false, milliseconds: 0, detail: words(error) }
    return
  }
  try {
    let version = ''
    const auth = await runStep('auth', async () => {
      version = (await api.get('/version', reply.version)).version
      return { ok: true, detail: access.tokenId }
    })
    yield auth
    if (!auth.ok) return
    const major = Number.parseInt(version, 10)
    yield await runStep('permissions', async () => {
      const missing = missingPrivileges(await api.get('/access/permissions', reply.permissions), requiredPrivileges(access.storage, access.bridge, major))
      return missing.length === 0 ? { ok: true, detail: 'all needed privileges are there' } : { ok: false, detail: `missing: ${missing.join(', ')}`, missingPermissions: missing }
    })
    yield await runStep('version', async () => major >= 7 ? { ok: true, detail: version } : { ok: false, detail: `${version} is older than 7.0` })
    yield await runStep('nodes', () => checkNodes(api, access))
    yield await runStep('containers', () => checkContainers(api, access))
    yield await runStep('firewall', () => checkFirewall(api))
    if (access.backupStorage) {
      const { backupStorage } = access
      yield await runStep('backups', () => checkBackups(api, { ...access, backupStorage }, version))
    }
  } finally {
    api.close()
  }
}

/** Every node that may carry machines is online and has the storage and the bridge. */
async function checkNodes(api: ProxmoxApi, access: HypervisorAccess): Promise<Outcome> {
  const all = await api.get('/nodes', reply.nodeList)
  const nodes = all.map(({ node }) => node).sort()
  const unknown = access.nodes.filter(name => !nodes.includes(name))
  if (unknown.length > 0) return { ok: false, detail: `no such node: ${unknown.join(', ')}`, choices: { nodes, storages: [], networks: [] } }
  const wanted = all.filter(({ node }) => access.nodes.length === 0 || access.nodes.includes(node))
  const online = wanted.filter(({ status }) => status === 'online')
  if (online.length === 0) return { ok: false, detail: 'no node is online', choices: { nodes, storages: [], networks: [] } }
  // Those that may hold disks of machines, of one kind or the other.
  const storages = (await api.get('/cluster/resources', reply.resources, { type: 'storage' })).filter(row => row.status === 'available' && takenBy(row).length > 0)
  const bridges = await eachOf(online, 4, async ({ node }) => (await api.get(path('nodes', node, 'network'), reply.bridges, { type: 'any_bridge' })).map(({ iface }) => iface))
  const problems = online.map(({ node }, at) => {
    if (!storages.some(row => row.node === node && row.storage === access.storage)) return `${node} has no storage ${access.storage} for disks of machines`
    return bridges[at]?.includes(access.bridge) ? null : `${node} has no bridge ${access.bridge}`
  })
  const choices = { nodes, storages: commonNames(online.map(({ node }) => storages.flatMap(row => row.node === node && row.storage ? [row.storage] : []))), networks: commonNames(bridges) }
  const wrong = problems.filter(problem => problem !== null)
  const offline = wanted.length - online.length
  const detail = [`${online.map(({ node }) => node).join(', ')} online`, ...(offline > 0 ? [`${offline} offline`] : []), ...wrong].join('; ')
  // A house may sell containers alone.
  const refusing = wrong.length === 0 && storages.some(row => row.storage === access.storage && online.some(({ node }) => node === row.node) && !takenBy(row).includes('vm'))
  return { ok: wrong.length === 0, ...refusing ? { finding: 'no_vm_storage' as const } : {}, detail: refusing ? `${detail}; storage ${access.storage} does not take disks of virtual machines` : detail, choices }
}

/**
 * A finding, not a failure: the connection works and machines are built with their filters all the same; the switch belongs to the whole
 * data centre, hosts included, and throwing it unprepared can lock its owner out. So it must be seen, but it must not stop the shop.
 */
async function checkFirewall(api: ProxmoxApi): Promise<Outcome> {
  const applies = await addressFilter(api).apply()
  if (applies === null) return { ok: true, finding: 'firewall_unknown', detail: 'Sys.Audit on / is missing', missingPermissions: ['Sys.Audit'] }
  return applies ? { ok: true, detail: 'on' } : { ok: true, finding: 'firewall_off', detail: 'Datacenter → Firewall → Options → Firewall: No' }
}

/** What containers could be made from, and whether the storage of machines takes them. A finding, not a failure: a house may sell virtual machines alone. */
async function checkContainers(api: ProxmoxApi, access: HypervisorAccess): Promise<Outcome> {
  const templates = await containersOf(api, access).listTemplates()
  if (templates.length === 0) return { ok: true, detail: 'no container templates; the token sees those on storages where it has Datastore.Audit' }
  const store = (await api.get('/cluster/resources', reply.resources, { type: 'storage' })).find(row => row.storage === access.storage && row.content !== undefined)
  const takesThem = !store || takenBy(store).includes('container')
  return { ok: true, detail: templates.map(({ name }) => name).join(', '), ...takesThem ? {} : { finding: 'no_container_storage', detail: `storage ${access.storage} does not take containers (content: ${store.content ?? ''})` } }
}

/** The storage for backups is there on every node online, takes backups, and we may write there and restore from it. */
async function checkBackups(api: ProxmoxApi, access: HypervisorAccess & { readonly backupStorage: string }, version: string): Promise<Outcome> {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  // Notes of backups and a mark of its own for what is restored are known since then.
  if (major < 7 || (major === 7 && minor < 2)) return { ok: false, detail: `${version}: backups need 7.2` }
  const missing = missingPrivileges(await api.get('/access/permissions', reply.permissions), backupPrivileges(access.backupStorage))
  if (missing.length > 0) return { ok: false, detail: `missing: ${missing.join(', ')}`, missingPermissions: missing }
  const online = (await api.get('/nodes', reply.nodeList)).filter(({ node, status }) => status === 'online' && (access.nodes.length === 0 || access.nodes.includes(node)))
  const problems = await eachOf(online, 4, async ({ node }) => {
    const found = (await api.get(path('nodes', node, 'storage'), reply.storages, {})).find(row => row.storage === access.backupStorage)
    if (!found) return `${node} has no storage ${access.backupStorage}`
    if (!found.content.split(',').includes('backup')) return `storage ${access.backupStorage} does not take backups (content: ${found.content})`
    return found.enabled && found.active ? null : `storage ${access.backupStorage} on ${node} is disabled or not active`
  })
  const wrong = [...new Set(problems.filter(problem => problem !== null))]
  return { ok: wrong.length === 0, detail: wrong.join('; ') || access.backupStorage }
}

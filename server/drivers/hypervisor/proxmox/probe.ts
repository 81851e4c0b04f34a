import type { ConnectionTestStep, ConnectionTestStepName, HypervisorAccess } from '#server/infrastructure/ports.ts'
import { ConnectFailure, openTcp, resolveHost, secure, shownCertificate } from '../../http.ts'
import { path, trustOf } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import { addressFilter } from './filter.ts'
import { eachOf } from './locate.ts'
import * as reply from './schema.ts'
import { missingPrivileges, requiredPrivileges } from './transform.ts'

type Outcome = Omit<ConnectionTestStep, 'step' | 'milliseconds'>

const words = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** Each step of a connection test, as soon as it is known; the first failure that makes the later ones meaningless ends it. Never throws. */
export async function* probe(access: HypervisorAccess, openApi: () => ProxmoxApi): AsyncGenerator<ConnectionTestStep> {
  const run = async (step: ConnectionTestStepName, work: () => Promise<Outcome>): Promise<ConnectionTestStep> => {
    const started = performance.now()
    const outcome = await work().catch((error: unknown): Outcome => ({ ok: false, detail: words(error), ...(error instanceof ConnectFailure && error.fingerprint ? { fingerprint: error.fingerprint } : {}) }))
    return { step, milliseconds: Math.round(performance.now() - started), ...outcome }
  }
  const url = new URL(access.url)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)

  let address = ''
  const dns = await run('dns', async () => ({ ok: true, detail: address = await resolveHost(host) }))
  yield dns
  if (!dns.ok) return
  const tcp = await run('tcp', async () => {
    (await openTcp(address, port, 5_000)).destroy()
    return { ok: true, detail: `${address}:${port}` }
  })
  yield tcp
  if (!tcp.ok) return
  const tls = await run('tls', async () => {
    if (url.protocol === 'http:') return { ok: true, detail: 'plain HTTP, nothing is encrypted' }
    // Read first, on a connection of its own over which nothing is sent, so that a refused certificate can be looked at and pinned.
    const shown = await shownCertificate(address, port, host, 5_000)
    try {
      const socket = await secure(await openTcp(address, port, 5_000), host, trustOf(access.tls), 5_000)
      socket.destroy()
      return { ok: true, detail: `${shown.subject}, valid until ${shown.validTo}`, fingerprint: shown.fingerprint }
    } catch (error) {
      return { ok: false, detail: words(error), fingerprint: shown.fingerprint }
    }
  })
  yield tls
  if (!tls.ok) return

  let api: ProxmoxApi
  try {
    api = openApi()
  } catch (error) {
    yield { step: 'auth', ok: false, milliseconds: 0, detail: words(error) }
    return
  }
  try {
    let version = ''
    const auth = await run('auth', async () => {
      version = (await api.get('/version', reply.version)).version
      return { ok: true, detail: access.tokenId }
    })
    yield auth
    if (!auth.ok) return
    const major = Number.parseInt(version, 10)
    yield await run('permissions', async () => {
      const missing = missingPrivileges(await api.get('/access/permissions', reply.permissions), requiredPrivileges(access.storage, access.bridge, major))
      return missing.length === 0 ? { ok: true, detail: 'all needed privileges are there' } : { ok: false, detail: `missing: ${missing.join(', ')}`, missingPermissions: missing }
    })
    yield await run('version', async () => major >= 7 ? { ok: true, detail: version } : { ok: false, detail: `${version} is older than 7.0` })
    yield await run('nodes', () => checkNodes(api, access))
    yield await run('firewall', () => checkFirewall(api))
  } finally {
    api.close()
  }
}

/** Every node that may carry machines is online and has the storage and the bridge. */
async function checkNodes(api: ProxmoxApi, access: HypervisorAccess): Promise<Outcome> {
  const all = await api.get('/nodes', reply.nodeList)
  const unknown = access.nodes.filter(name => !all.some(({ node }) => node === name))
  if (unknown.length > 0) return { ok: false, detail: `no such node: ${unknown.join(', ')}` }
  const wanted = all.filter(({ node }) => access.nodes.length === 0 || access.nodes.includes(node))
  const online = wanted.filter(({ status }) => status === 'online')
  if (online.length === 0) return { ok: false, detail: 'no node is online' }
  const storages = await api.get('/cluster/resources', reply.resources, { type: 'storage' })
  const problems = await eachOf(online, 4, async ({ node }) => {
    if (!storages.some(row => row.node === node && row.storage === access.storage && row.status === 'available')) return `${node} has no storage ${access.storage}`
    const bridges = await api.get(path('nodes', node, 'network'), reply.bridges, { type: 'any_bridge' })
    return bridges.some(({ iface }) => iface === access.bridge) ? null : `${node} has no bridge ${access.bridge}`
  })
  const wrong = problems.filter(problem => problem !== null)
  const offline = wanted.length - online.length
  const detail = [`${online.map(({ node }) => node).join(', ')} online`, ...(offline > 0 ? [`${offline} offline`] : []), ...wrong].join('; ')
  return { ok: wrong.length === 0, detail }
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

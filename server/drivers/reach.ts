import { DriverError } from '#shared/errors/driver-error.ts'
import type { ConnectionTestStep, ConnectionTestStepName, HypervisorAccess } from '#server/infrastructure/ports.ts'
import { ConnectFailure, openTcp, resolveHost, secure, shownCertificate } from './http.ts'
import type { TlsTrust } from './http.ts'

export type Outcome = Omit<ConnectionTestStep, 'step' | 'milliseconds'>
export const words = (error: unknown): string => error instanceof Error ? error.message : String(error)
const patience = 5_000

/** What a connection trusts by. @throws DriverError action_required when it is to trust by something that was not given */
export const trustOf = (label: string, tls: HypervisorAccess['tls']): TlsTrust => {
  if (tls.mode === 'ca' && tls.caPem) return { mode: 'ca', caPem: tls.caPem }
  if (tls.mode === 'fingerprint' && tls.fingerprint) return { mode: 'fingerprint', fingerprint: tls.fingerprint }
  if (tls.mode === 'system') return { mode: 'system' }
  throw new DriverError('action_required', `${label}: the connection trusts by ${tls.mode} but none is given`, { who: 'sysadmin' })
}

/** What every node has, in the order of the alphabet. */
export const commonNames = (byNode: readonly (readonly string[])[]): string[] => [...new Set(byNode.flat())].filter(name => byNode.every(own => own.includes(name))).sort()

/** One step of a connection test, timed. Never throws: what its work throws is its outcome. */
export async function runStep(step: ConnectionTestStepName, work: () => Promise<Outcome>): Promise<ConnectionTestStep> {
  const started = performance.now()
  const outcome = await work().catch((error: unknown): Outcome => ({ ok: false, detail: words(error), ...(error instanceof ConnectFailure && error.fingerprint ? { fingerprint: error.fingerprint } : {}) }))
  return { step, milliseconds: Math.round(performance.now() - started), ...outcome }
}

/** The first steps of every connection test, whatever is spoken afterwards: name, TCP, TLS. Answers whether all went well; never throws. */
export async function* reach(label: string, { url: address, tls }: Pick<HypervisorAccess, 'url' | 'tls'>): AsyncGenerator<ConnectionTestStep, boolean> {
  const url = new URL(address)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  let found = ''
  const dns = await runStep('dns', async () => ({ ok: true, detail: found = await resolveHost(host) }))
  yield dns
  if (!dns.ok) return false
  const tcp = await runStep('tcp', async () => {
    (await openTcp(found, port, patience)).destroy()
    return { ok: true, detail: `${found}:${port}` }
  })
  yield tcp
  if (!tcp.ok) return false
  const secured = await runStep('tls', async () => {
    if (url.protocol === 'http:') return { ok: true, detail: 'plain HTTP, nothing is encrypted' }
    // Read first, on a connection of its own over which nothing is sent, so that a refused certificate can be looked at and pinned.
    const shown = await shownCertificate(found, port, host, patience)
    try {
      (await secure(await openTcp(found, port, patience), host, trustOf(label, tls), patience)).destroy()
      return { ok: true, detail: `${shown.subject}, valid until ${shown.validTo}`, fingerprint: shown.fingerprint }
    } catch (error) {
      return { ok: false, detail: words(error), fingerprint: shown.fingerprint }
    }
  })
  yield secured
  return secured.ok
}

import type { z } from 'zod'
import type { hostingWebView } from '#shared/contracts/hosting.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { CertificateState } from '#shared/vocabulary/machines.ts'
import type { DomainCertificate, OpenPanel, PackageStore, ReadWeb } from '../infrastructure/ports.ts'
import type { Actor, Clock, Log, Transact } from '../kernel/ports.ts'
import { accountOf } from './account.ts'
import type { ProvisioningStores, ServiceControl } from './ports.ts'
import { hostingFacts, isThere } from './show-hosting.ts'

interface Deps { readonly transact: Transact<ProvisioningStores>, readonly serviceControl: ServiceControl, readonly packages: PackageStore, readonly readWeb: ReadWeb, readonly openPanel: OpenPanel, readonly wallClock: Clock, readonly log: Log, /** The month that counts at the servers. */ readonly thisMonth: () => Month }
interface Month { readonly year: number, readonly month: number }
type View = z.input<typeof hostingWebView>
type Who = { readonly id: string, /** Null: staff. */ readonly clientId: string | null }
const months = 12
/** Panels renew about a month before the end: who is nearer than this to it was not renewed. */
const expiringDays = 14

/** What a certificate is worth at a moment. Pure. */
export function certificateState({ validUntil, selfSigned }: Pick<DomainCertificate, 'validUntil' | 'selfSigned'>, now: Date): CertificateState {
  if (validUntil === null) return 'none'
  const left = validUntil.getTime() - now.getTime()
  if (left <= 0) return 'expired'
  if (selfSigned) return 'self_signed'
  return left < expiringDays * 86_400_000 ? 'expiring' : 'valid'
}

/** So many months up to and with this one, the oldest first. Pure. */
export const lastMonths = ({ year, month }: Month, count: number): Month[] => Array.from({ length: count }, (_, i) => {
  const n = year * 12 + month - count + i
  return { year: Math.floor(n / 12), month: n % 12 + 1 }
})

/** Certificates and months of a hosting service's account, as its panel says; what it does not tell in time is null. @throws AppError not_found, also for a service of another kind or client */
export const showHostingWeb = ({ serviceControl, packages, readWeb, wallClock, thisMonth }: Omit<Deps, 'transact' | 'openPanel' | 'log'>) => async ({ id, clientId }: Who): Promise<View> => {
  const facts = await hostingFacts(serviceControl, id, clientId)
  if (!isThere(facts)) return { certificates: null, traffic: null }
  const { connectionId, ref } = accountOf(facts)
  const asked = lastMonths(thisMonth(), months)
  const [seen, bytes, offers] = await Promise.all([readWeb.certificates({ connectionId, ref }), readWeb.traffic({ connectionId, ref, months: asked }), packages.forConnection(connectionId)])
  return {
    certificates: seen?.domains ? { domains: seen.domains.map(({ validUntil, selfSigned, ...rest }) => ({ ...rest, state: certificateState({ validUntil, selfSigned }, wallClock.now()), validUntil: validUntil?.toISOString() ?? null })), checking: seen.checking, observedAt: seen.at.toISOString() } : null,
    traffic: bytes && { months: asked.map(({ year, month }, i) => ({ month: `${year}-${String(month).padStart(2, '0')}`, transferredMiB: (bytes[i] ?? 0) / 1_048_576 })), limitMiB: offers.find(({ name }) => name === facts.spec.panelPackage)?.bandwidthMiB ?? null },
  }
}

/**
 * Asks the panel to renew what it can, and answers what is there then. Asked twice, it looks twice: nothing else happens. @throws AppError not_found, service_suspended, service_not_ready,
 * unavailable when the panel does not answer or does not let us
 */
export const checkHostingCertificates = (deps: Deps) => async ({ id, clientId, actor }: Who & { readonly actor: Actor }): Promise<View> => {
  const { transact, serviceControl, openPanel, readWeb, log } = deps
  const facts = await hostingFacts(serviceControl, id, clientId)
  if (facts.status === 'suspended') throw new AppError('service_suspended')
  if ((facts.status !== 'active' && facts.status !== 'past_due') || facts.resource?.status !== 'ready') throw new AppError('service_not_ready')
  const { connectionId, ref } = accountOf(facts)
  try {
    await (await openPanel(connectionId)).checkCertificates(ref)
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    log.warn({ service: id, problem: error.message }, 'the certificates of an account were not checked')
    throw new AppError('unavailable', { cause: error })
  }
  await transact(stores => stores.audit.record({ actor, action: 'service.check-certificates', entity: 'service', entityId: id }))
  readWeb.forget(ref.ownershipMark)
  return showHostingWeb(deps)({ id, clientId })
}

import { AppError } from '#shared/errors/codes.ts'
import { localizedPath } from '#shared/navigation/localized-path.ts'
import { shiftMonth } from '#shared/calendar/month.ts'
import { countedBytes, limitBytes } from '#shared/vocabulary/traffic.ts'
import type { TrafficStep } from '#shared/vocabulary/traffic.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Clock, Log, Transact } from '../kernel/ports.ts'
import { mailRequest } from '../notifications/ports.ts'
import { openAct } from './open-saga.ts'
import type { ProvisioningStores } from './ports.ts'
import type { TrafficAddressee, TrafficStanding } from './traffic-ports.ts'
import { slowable, trafficWish } from './traffic-rules.ts'

export interface WatchTrafficDeps { readonly read: Pick<ProvisioningStores, 'traffic'>, readonly transact: Transact<ProvisioningStores>, readonly clock: Clock, readonly log: Log, readonly zone: string, readonly monthOf: (at: Date) => string, readonly startOfDay: (day: string) => Date, /** Without a slash at its end. */ readonly baseUrl: string }

/** Of one run; the next one, a minute later, goes on. */
const atATime = 200
/** A rate that could not be set is tried again after so long. */
const retryAfter = 3_600_000
const gibi = 1024 ** 3

/**
 * Holds the traffic of this month against what each plan includes: tells clients at 80 and 100 percent, once a month each (and, where machines cannot be slowed down, staff at 100), and slows machines down or gives them back their rate as their plan says. May run at any time and any number of
 * times. A new month, or a plan that includes more, is seen by the next run.
 */
export const watchTraffic = (deps: WatchTrafficDeps) => async (): Promise<void> => {
  const month = deps.monthOf(deps.clock.now())
  for (const serviceId of await deps.read.traffic.due(month, new Date(deps.clock.now().getTime() - retryAfter), atATime)) {
    await tell(deps, serviceId, month)
    await setCap(deps, serviceId, month)
  }
}

async function tell({ transact, clock, zone, startOfDay, baseUrl }: WatchTrafficDeps, serviceId: string, month: string): Promise<void> {
  await transact(async (stores) => {
    await stores.serviceControl.lock(serviceId)
    const standing = await stores.traffic.standing(serviceId, month)
    const step = standing && trafficWish(standing).tell
    const to = step ? await stores.traffic.addressee(serviceId) : null
    if (!standing || !step || !to) return
    await stores.traffic.markTold(serviceId, month, step, clock.now())
    const at = { month, zone, baseUrl, resetsAt: startOfDay(`${shiftMonth(month, 1)}-01`) }
    await stores.mail.queue(letter(standing, step, to, at))
    if (step === 100 && !slowable(standing.connectionKind)) await stores.mail.queue(...(await stores.staff.runMachines()).map(person => staffLetter(standing, person, to, at)))
  })
}

const dayIn = (locale: Locale, zone: string, at: Date) => new Intl.DateTimeFormat(locale === 'id' ? 'id-ID' : 'en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone }).format(at)
const amountIn = (locale: Locale, bytes: number) => `${new Intl.NumberFormat(locale === 'id' ? 'id-ID' : 'en-GB', { maximumFractionDigits: bytes < 10 * gibi ? 1 : 0 }).format(bytes / gibi)} GiB`

interface Occasion { readonly month: string, readonly zone: string, readonly baseUrl: string, readonly resetsAt: Date }
const amounts = (standing: TrafficStanding, locale: Locale, { zone, resetsAt }: Occasion) => ({ hostname: standing.hostname, used: amountIn(locale, countedBytes(standing.terms, standing)), limit: amountIn(locale, standing.terms ? limitBytes(standing.terms) : 0), resetsOn: dayIn(locale, zone, resetsAt) })

function letter(standing: TrafficStanding, step: TrafficStep, { clientName, clientEmail, locale, product }: TrafficAddressee, at: Occasion) {
  const { serviceId, clientId } = standing
  const { month, baseUrl } = at
  const params = { ...amounts(standing, locale, at), name: clientName, product, url: `${baseUrl}${localizedPath(locale, `/portal/services/${serviceId}`)}` }
  const to = { userId: clientId, recipient: clientEmail, locale }
  const key = `traffic:${serviceId}:${month}:${step}`
  const { capMbps } = trafficWish(standing)
  if (step === 80) return mailRequest(to, 'traffic_near', key, params)
  return capMbps === null ? mailRequest(to, 'traffic_reached', key, params) : mailRequest(to, 'traffic_slowed', key, { ...params, rate: `${capMbps} Mbit/s` })
}

const staffLetter = (standing: TrafficStanding, { id, email, name, locale }: Awaited<ReturnType<ProvisioningStores['staff']['runMachines']>>[number], { clientName, product }: TrafficAddressee, at: Occasion) =>
  mailRequest({ userId: id, recipient: email, locale }, 'traffic_beyond', `traffic_beyond:${standing.serviceId}:${at.month}:${id}`, { ...amounts(standing, locale, at), name, client: clientName, product, url: `${at.baseUrl}${localizedPath(locale, `/admin/services/${standing.serviceId}`)}` })

/** The wish is kept in the transaction that begins its task: whatever else is done with the machine heeds it from then on. */
async function setCap({ transact, log }: WatchTrafficDeps, serviceId: string, month: string): Promise<void> {
  try {
    await transact(async (stores) => {
      await stores.serviceControl.lock(serviceId)
      const standing = await stores.traffic.standing(serviceId, month)
      if (!standing || standing.resourceStatus !== 'ready') return
      const { capMbps } = trafficWish(standing)
      if (capMbps === standing.capMbps && !standing.capPending) return
      await stores.resources.update(serviceId, { rateCapMbps: capMbps, rateCapPending: true })
      await openAct(stores, { kind: 'throttle', of: 'vps', action: null, serviceId, actor: 'system:traffic' })
    })
  } catch (error) {
    // Suspended, or something else began meanwhile: the next run sees it again.
    if (!(error instanceof AppError)) throw error
    log.info({ service: serviceId, why: error.code }, 'a change of rate waits')
  }
}

import type { z } from 'zod'
import type { accessActionBody, accessView } from '#shared/contracts/access.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { IsoRecord } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, SecretBox, Transact } from '../kernel/ports.ts'
import { openAct } from './open-saga.ts'
import type { ProvisioningStores, SagaState, ServiceSummary } from './ports.ts'
import { allowedActions } from './service-view.ts'

interface Deps { readonly read: Pick<ProvisioningStores, 'servicePages' | 'isoImages'>, readonly transact: Transact<ProvisioningStores>, readonly secrets: SecretBox, readonly newPassword: () => string }
export type AccessAct = z.output<typeof accessActionBody>

async function found({ servicePages }: Deps['read'], id: string, clientId: string | null): Promise<ServiceSummary> {
  const service = await servicePages.find(id, clientId ?? undefined)
  if (!service || service.productKind !== 'vps') throw new AppError('not_found')
  return service
}
const imagesFor = async (read: Deps['read'], { connectionId, node }: ServiceSummary): Promise<IsoRecord[]> => connectionId === null ? [] : read.isoImages.offered(connectionId, node)

/** A guest that VMware Tools set up takes on no name from outside later. */
const renameRefusal = ({ connectionKind, machineType, customised }: Pick<ServiceSummary, 'connectionKind' | 'machineType' | 'customised'>): ErrorCode | null => machineCapabilities(connectionKind, machineType)?.rename !== true ? 'access_unsupported' : customised ? 'rename_customised' : null

/** How its owner gets into a machine, what may be changed about it, and why not. `clientId` null: for staff. @throws AppError not_found */
export const showAccess = ({ read }: Pick<Deps, 'read'>) => async ({ id, clientId }: { readonly id: string, readonly clientId: string | null }): Promise<z.input<typeof accessView>> => {
  const service = await found(read, id, clientId)
  const can = machineCapabilities(service.connectionKind, service.machineType)
  const images = can?.rescue ? await imagesFor(read, service) : []
  return {
    username: service.username, sshKey: service.sshKey, can: { login: can?.login ?? false, rename: renameRefusal(service) === null, rescue: can?.rescue ?? false }, customised: service.customised, refusal: allowedActions(service).refusal,
    rescue: service.rescue === null ? null : { image: service.rescue, since: service.rescueSince?.toISOString() ?? null },
    images: images.map(({ id: imageId, name }) => ({ id: imageId, name })),
  }
}

/** What is refused whatever the machine says. While it is in rescue its own system is not the one that runs, so nothing in it can be set and proven. Pure. */
export function accessRefusal(service: ServiceSummary, act: AccessAct['action']): ErrorCode | null {
  const can = machineCapabilities(service.connectionKind, service.machineType)
  const { refusal } = allowedActions(service)
  if (refusal) return refusal
  if (act === 'rescue') return !can?.rescue ? 'rescue_unsupported' : service.rescue === null ? null : 'rescue_running'
  if (act === 'end_rescue') return service.rescue === null ? 'rescue_not_running' : null
  const unable = act === 'hostname' ? renameRefusal(service) : can?.login ? null : 'access_unsupported'
  if (unable) return unable
  return service.rescue === null ? null : 'rescue_running'
}

/** @throws AppError image_unavailable, invalid_input */
async function stateOf(deps: Deps, service: ServiceSummary, act: AccessAct): Promise<SagaState> {
  if (act.action === 'password') return { password: deps.secrets.seal(act.password ?? deps.newPassword()), restart: act.restart }
  if (act.action === 'keys') return { sshKey: act.sshKey, restart: act.restart }
  if (act.action === 'hostname') {
    if (act.hostname === service.hostname) throw fieldError('hostname', 'hostname_same')
    return { hostname: act.hostname, restart: act.restart }
  }
  if (act.action === 'end_rescue') return {}
  const image = (await imagesFor(deps.read, service)).find(({ id }) => id === act.imageId)
  if (!image) throw new AppError('image_unavailable')
  return { image: { ref: image.ref, name: image.name } }
}

const sagaOf = { password: { kind: 'access', action: 'password' }, keys: { kind: 'access', action: 'keys' }, hostname: { kind: 'rename', action: null }, rescue: { kind: 'rescue', action: 'start' }, end_rescue: { kind: 'rescue', action: 'end' } } as const

/** What staff may read of it later: never the password. */
const auditOf = (service: ServiceSummary, act: AccessAct, state: SagaState) => act.action === 'hostname'
  ? { before: { hostname: service.hostname }, after: { hostname: act.hostname } }
  : act.action === 'keys' ? { before: { sshKey: service.sshKey }, after: { sshKey: act.sshKey } } : act.action === 'rescue' ? { after: { image: state.image?.name } } : {}

/**
 * A new password (made here, or typed), other keys, another host name, rescue and its end: each becomes a saga. A password that was made is
 * readable once when it is set. Said by staff, it is written to the audit log. @throws AppError not_found, service_suspended,
 * service_not_ready, action_in_progress, access_unsupported, rename_customised, rescue_unsupported, rescue_running, rescue_not_running, image_unavailable, invalid_input
 */
export const actOnAccess = (deps: Deps) => async ({ id, clientId, act, actor }: { readonly id: string, readonly clientId: string | null, readonly act: AccessAct, readonly actor: Actor }): Promise<void> => {
  const service = await found(deps.read, id, clientId)
  const refusal = accessRefusal(service, act.action)
  if (refusal) throw new AppError(refusal)
  const state = await stateOf(deps, service, act)
  await deps.transact(async (stores) => {
    await openAct(stores, { ...sagaOf[act.action], of: 'vps', serviceId: id, actor: actorLabel(actor), state })
    if (act.action === 'hostname' && await stores.serviceControl.hostnameTaken(id, act.hostname)) throw fieldError('hostname', 'hostname_taken')
    if (clientId === null) await stores.audit.record({ actor, action: `service.${act.action === 'end_rescue' || act.action === 'rescue' ? act.action : `access_${act.action}`}`, entity: 'service', entityId: id, ...auditOf(service, act, state) })
  })
}

import type { z } from 'zod'
import type { reinstallView } from '#shared/contracts/machines.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { takesSshKeys } from '#shared/vocabulary/machines.ts'
import type { OpenHypervisor } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { askMachine } from './machine-reading.ts'
import { mendable, openAct } from './open-saga.ts'
import type { ProvisioningStores, ServiceSummary } from './ports.ts'
import { reinstallObstacle } from './reinstall-machine.ts'
import type { ReinstallObstacle } from './reinstall-machine.ts'
import { allowedActions } from './service-view.ts'

interface Deps { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'servicePages'>, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly newId: () => string }

/** `clientId` null: for staff, who may also make a machine anew that failed. */
function refusalOf(service: ServiceSummary, clientId: string | null): ErrorCode | null {
  const { status, resourceStatus, openSaga, productKind } = service
  if (productKind !== 'vps') return 'service_not_ready'
  if (clientId === null && resourceStatus === 'error' && mendable(status)) return openSaga === null ? null : 'action_in_progress'
  return allowedActions(service).refusal
}

async function found({ servicePages }: Deps['read'], id: string, clientId: string | null): Promise<ServiceSummary> {
  const service = await servicePages.find(id, clientId ?? undefined)
  if (!service) throw new AppError('not_found')
  return service
}

/** From what a machine can be made anew, and why it cannot be now. @throws AppError not_found */
export const showReinstall = ({ read }: Pick<Deps, 'read'>) => async ({ id, clientId }: { readonly id: string, readonly clientId: string | null }): Promise<z.input<typeof reinstallView>> => {
  const service = await found(read, id, clientId)
  const templates = await read.serviceControl.reinstallTemplates(id)
  return { templates: templates.map(({ id: templateId, name, osFamily, current, identity }) => ({ id: templateId, name, osFamily, current, takesKeys: takesSshKeys(identity) })), sshKey: service.sshKey, refusal: refusalOf(service, clientId) }
}

const codeOf: Record<ReinstallObstacle, ErrorCode> = { template_gone: 'template_unavailable', template_elsewhere: 'template_not_here', template_too_large: 'template_unavailable', node_unusable: 'reinstall_no_room', storage_content: 'reinstall_storage_content', no_room: 'reinstall_no_room' }

/**
 * Destroys the machine of a service and makes it anew, as a saga; its hostname has to be typed. What would stop it half way is asked of the
 * hypervisor first: then nothing is begun. Said by staff, it is written to the audit log.
 * @throws AppError not_found, invalid_input, service_suspended, service_not_ready, action_in_progress, template_unavailable, reinstall_storage_content, reinstall_no_room, machine_unreachable
 */
export const reinstall = (deps: Deps) => async ({ id, clientId, templateId, hostname, sshKey, actor }: { readonly id: string, readonly clientId: string | null, readonly templateId: string, readonly hostname: string, readonly sshKey: string | null, readonly actor: Actor }): Promise<void> => {
  const service = await found(deps.read, id, clientId)
  const refusal = refusalOf(service, clientId)
  if (refusal) throw new AppError(refusal)
  if (hostname !== service.hostname) throw fieldError('hostname', 'hostname_mismatch')
  const facts = await deps.read.serviceControl.facts(id)
  const { resource } = facts ?? {}
  if (!facts || !resource || resource.connectionId === null) throw new AppError('service_not_ready')
  const template = (await deps.read.serviceControl.reinstallTemplates(id)).find(row => row.id === templateId)
  if (!template) throw new AppError('template_unavailable')
  const { ownershipMark, node, vmid, connectionId } = resource
  const asked = await askMachine(deps.openHypervisor, connectionId, async (driver) => {
    const seen = await driver.inspect({ ownershipMark, node, vmid })
    return reinstallObstacle({ template, node: seen?.node ?? node ?? '', diskGiB: facts.spec.diskGiB, remote: await driver.listTemplates(), headroom: await driver.listHeadroom() })
  })
  if (!asked.answered) throw new AppError('machine_unreachable')
  if (asked.value) throw new AppError(codeOf[asked.value])
  await deps.transact(async (stores) => {
    await openAct(stores, { kind: 'reinstall', of: 'vps', action: null, serviceId: id, actor: actorLabel(actor), state: { reinstall: { templateId, fromMark: ownershipMark, toMark: deps.newId(), sshKey: takesSshKeys(template.identity) ? sshKey : null } }, alsoBroken: clientId === null })
    if (clientId === null) await stores.audit.record({ actor, action: 'service.reinstall', entity: 'service', entityId: id, before: { template: service.templateName }, after: { template: template.name } })
  })
}

import { DriverError } from '#shared/errors/driver-error.ts'
import type { AccountRef, AccountState, PanelDriver } from '../infrastructure/ports.ts'
import { moveResource } from './move-resource.ts'
import type { MachineFacts, ResourceRow } from './ports.ts'
import { provisioningActor } from './step.ts'
import type { StepContext } from './step.ts'

/** What the steps of a hosting account go by. @throws DriverError action_required when none was placed yet */
export function accountOf(facts: MachineFacts): { readonly resource: ResourceRow, readonly connectionId: string, readonly ref: AccountRef } {
  const { resource, hosting } = facts
  if (!resource || resource.connectionId === null || resource.username === null) throw new DriverError('action_required', 'the service has no account', { who: 'sysadmin' })
  return { resource, connectionId: resource.connectionId, ref: { user: resource.username, domain: facts.hostname, ownershipMark: resource.ownershipMark, birth: hosting?.account?.birth ?? null } }
}

/** The panel of the account and how to name it there. */
export async function openAccount(context: StepContext): Promise<{ readonly driver: PanelDriver, readonly ref: AccountRef }> {
  const { connectionId, ref } = accountOf(context.facts)
  return { driver: await context.tools.openPanel(connectionId), ref }
}

/** Reads the account back. @throws DriverError action_required when there is none of ours, not_ours when somebody else's stands there */
export async function readAccount(context: StepContext): Promise<AccountState> {
  const { driver, ref } = await openAccount(context)
  const seen = await driver.find(ref)
  if (!seen) throw new DriverError('action_required', `there is no account ${ref.user} of ours any more`, { who: 'sysadmin' })
  return seen
}

/** What was sold. @throws DriverError action_required when the service names no package */
export function packageOf({ spec }: MachineFacts): string {
  if (!spec.panelPackage) throw new DriverError('action_required', 'the service names no package', { who: 'sysadmin' })
  return spec.panelPackage
}

/** Everything that says "it runs" becomes true in one transaction. */
export async function activateAccount({ facts, saga, tools, write, businessNow }: StepContext): Promise<void> {
  const { serviceId } = facts
  await write(async (stores) => {
    await moveResource(stores, { serviceId, to: 'ready', cause: 'account_verified', actor: saga.actor, at: businessNow() })
    await tools.markServiceActive(stores, { serviceId, cause: 'account_verified', actor: provisioningActor })
  })
}

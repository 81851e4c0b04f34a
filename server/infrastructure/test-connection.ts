import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { OpenPanel } from './panel-ports.ts'
import type { ConnectionStore, ConnectionTestStep, InfrastructureStores, OpenHypervisor } from './ports.ts'
import { runTest } from './run-test.ts'
import type { ConnectionTest, OnStep } from './run-test.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly connections: ConnectionStore, readonly openHypervisor: OpenHypervisor, readonly openPanel: OpenPanel, readonly clock: Clock }

/**
 * Tests a connection; `onStep` is told each step as it is done. The outcome is stored as the connection's health.
 * Answers also when steps failed. @throws AppError not_found, before the first step
 */
export const testConnection = ({ transact, connections, openHypervisor, openPanel, clock }: Deps) => async ({ actor, id, onStep }: { readonly actor: Actor, readonly id: string, readonly onStep?: OnStep }): Promise<ConnectionTest> => {
  const connection = await connections.find(id)
  if (!connection) throw new AppError('not_found')
  const { ok, steps } = await runTest((): Promise<{ test(): AsyncGenerator<ConnectionTestStep> }> => isPanel(connection.kind) ? openPanel(id) : openHypervisor(id), onStep)
  const failed = steps.find(step => !step.ok)
  const version = steps.find(step => step.step === 'version')
  const firewall = steps.find(step => step.step === 'firewall' && step.ok)
  await transact(async (stores) => {
    await stores.connections.recordHealth(id, { healthy: ok, problem: failed ? `${failed.step}: ${failed.detail}` : null, version: version?.ok ? version.detail : null, filtersApply: !firewall || firewall.finding === 'firewall_unknown' ? null : firewall.finding !== 'firewall_off', checkedAt: clock.now() })
    await stores.audit.record({ actor, action: 'connection.test', entity: 'connection', entityId: id, after: { ok, failed: failed?.step ?? null, found: steps.flatMap(step => step.finding ?? []) } })
    stores.live.publish({ audience: 'staff', name: 'connection', id })
  })
  return { ok, steps }
}

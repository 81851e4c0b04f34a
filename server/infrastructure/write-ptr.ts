import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Log, SecretBox, Transact } from '../kernel/ports.ts'
import type { PtrRecord, ReverseDnsStore, ReverseDnsStores } from './dns-ports.ts'
import { accessOf } from './set-up-reverse-dns.ts'
import type { OpenReverseDns } from './set-up-reverse-dns.ts'

interface Deps { readonly transact: Transact<ReverseDnsStores>, readonly reverseDns: ReverseDnsStore, readonly secrets: SecretBox, readonly log: Log, readonly openReverseDns: OpenReverseDns }

/**
 * Carries the wish for an address's name out at the name server and shows it as active only after it was read back. May run any number of
 * times. A server that does not answer is asked again by the queue; what somebody has to set right first is kept as failed with its reason,
 * and is tried again when the settings are saved and by the hour.
 * @throws DriverError retryable, unknown_outcome
 */
export const writePtr = (deps: Deps) => async ({ address }: { readonly address: string }): Promise<void> => {
  const record = await deps.reverseDns.find(address)
  const settings = await deps.reverseDns.settings()
  if (!record || !settings || record.state === 'active') return
  try {
    const driver = deps.openReverseDns(accessOf(settings, deps.secrets))
    try {
      await driver.setName({ address, name: record.name, ttl: settings.ttl })
    } finally {
      driver.close()
    }
    await settle(deps, record, { state: 'active', problem: null })
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    const again = !(error instanceof AppError) && !(error instanceof DriverError && (error.kind === 'action_required' || error.kind === 'permanent'))
    await settle(deps, record, { state: again ? 'pending' : 'failed', problem })
    if (again) throw error
    deps.log.warn({ address, problem }, 'the name of an address could not be written')
  }
}

const settle = (deps: Deps, record: PtrRecord, outcome: Parameters<ReverseDnsStore['settle']>[1]) => deps.transact(async (stores) => {
  await stores.reverseDns.settle(record, outcome)
  if (record.serviceId === null) return
  stores.live.publish({ audience: 'staff', name: 'service', id: record.serviceId })
  if (record.clientId !== null) stores.live.publish({ audience: { userId: record.clientId }, name: 'service', id: record.serviceId })
})

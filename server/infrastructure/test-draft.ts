import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, SecretBox, Transact } from '../kernel/ports.ts'
import { requireSecretAgain, secretOf, toConnectionFields } from './connection.ts'
import type { ConnectionInput } from './connection.ts'
import type { OpenDraft } from './open-hypervisor.ts'
import type { ConnectionStore, InfrastructureStores } from './ports.ts'
import { runTest } from './run-test.ts'
import type { ConnectionTest, OnStep } from './run-test.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly connections: ConnectionStore, readonly secrets: SecretBox, readonly openDraft: OpenDraft }
interface Input { readonly actor: Actor, /** A change of this connection: without a new secret its kept one is used. */ readonly id: string | null, readonly input: ConnectionInput, /** The settings make sense: the test begins. */ readonly onBegin?: () => void, readonly onStep?: OnStep }

/**
 * Tests settings as they were typed, before any of it is stored; nothing of it is stored afterwards but that it was tested, and where. A kept secret
 * goes only where it was entered for. @throws AppError not_found, invalid_input, before the first step
 */
export const testDraft = ({ transact, connections, secrets, openDraft }: Deps) => async ({ actor, id, input, onBegin, onStep }: Input): Promise<ConnectionTest> => {
  const fields = toConnectionFields(input)
  const given = secretOf(input)
  const before = id === null ? null : await connections.find(id)
  if (id !== null && !before) throw new AppError('not_found')
  if (before && before.kind !== fields.kind) throw fieldError('kind', 'kind_fixed')
  if (!given) {
    if (!before) throw fieldError('tokenSecret', 'secret_required_again')
    requireSecretAgain(before, fields)
  }
  const secret = given ?? keptSecret(secrets, before?.tokenSecret ?? '')
  onBegin?.()
  const driver = openDraft(fields, secret)
  try {
    const result = await runTest(() => Promise.resolve(driver), onStep)
    await transact(stores => stores.audit.record({ actor, action: 'connection.test-settings', entity: 'connection', entityId: id ?? fields.name, after: { url: fields.url, ok: result.ok, failed: result.steps.find(step => !step.ok)?.step ?? null } }))
    return result
  } finally {
    driver.close()
  }
}

function keptSecret(secrets: SecretBox, sealed: string): string {
  try {
    return secrets.open(sealed)
  } catch {
    throw fieldError('tokenSecret', 'secret_required_again')
  }
}

import type { z } from 'zod'
import type { reverseDnsBody, reverseDnsSettingsView } from '#shared/contracts/reverse-dns.ts'
import { nameByTemplate } from '#shared/dns/reverse-dns.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, Clock, SecretBox, Transact } from '../kernel/ports.ts'
import { toReached } from './connection.ts'
import type { DnsAccess, ReverseDnsDriver, ReverseDnsSettings, ReverseDnsStore, ReverseDnsStores } from './dns-ports.ts'
import { runTest } from './run-test.ts'
import type { ConnectionTest } from './run-test.ts'

type Input = z.output<typeof reverseDnsBody>
export type ReverseDnsSettingsView = z.input<typeof reverseDnsSettingsView>
export type OpenReverseDns = (access: DnsAccess) => ReverseDnsDriver
interface Deps { readonly transact: Transact<ReverseDnsStores>, readonly reverseDns: ReverseDnsStore, readonly secrets: SecretBox, readonly clock: Clock, readonly openReverseDns: OpenReverseDns }

/** The settings that an input makes; without a new key the kept one stays, as long as it goes where it was entered for. @throws AppError invalid_input */
function toSettings(input: Input, before: ReverseDnsSettings | null, secrets: SecretBox): ReverseDnsSettings {
  const { apiKey, tls: _, ...fields } = input
  const reached = toReached(input)
  if (nameByTemplate(input.template, '203.0.113.207') === null) throw fieldError('template', 'reverse_template')
  if (!apiKey && before?.url !== reached.url) throw fieldError('apiKey', 'api_key_again')
  return { ...fields, ...reached, apiKey: apiKey ? secrets.seal(apiKey) : before?.apiKey ?? '' }
}

/** What a driver needs, the key opened. @throws AppError invalid_input when it was sealed with a key that is no longer configured */
export function accessOf(settings: ReverseDnsSettings, secrets: SecretBox): DnsAccess {
  const { url, serverId, tlsMode, tlsCaPem, tlsFingerprint } = settings
  let apiKey: string
  try {
    apiKey = secrets.open(settings.apiKey)
  } catch {
    throw fieldError('apiKey', 'api_key_again')
  }
  return { url, serverId, apiKey, tls: { mode: tlsMode, caPem: tlsCaPem, fingerprint: tlsFingerprint } }
}

/** The key has no place here: not in answers, not in the audit log. */
const shown = ({ apiKey: _, tlsMode, tlsCaPem, tlsFingerprint, ...rest }: ReverseDnsSettings) => ({ ...rest, tls: { mode: tlsMode, caPem: tlsCaPem, fingerprint: tlsFingerprint } })

/** The name server as staff set it up, and how many names wait for it. */
export const showReverseDnsSettings = ({ reverseDns }: Pick<Deps, 'reverseDns'>) => async (): Promise<ReverseDnsSettingsView> => {
  const settings = await reverseDns.settings()
  return { settings: settings && shown(settings), records: await reverseDns.count(), unnamed: settings ? await reverseDns.countUnnamed() : 0 }
}

/** Stores the name server, and queues every name that is not written yet. @throws AppError invalid_input */
export const saveReverseDnsSettings = (deps: Deps) => async ({ actor, input }: { readonly actor: Actor, readonly input: Input }): Promise<ReverseDnsSettingsView> => {
  await deps.transact(async (stores) => {
    const before = await stores.reverseDns.lockSettings()
    const after = toSettings(input, before, deps.secrets)
    await stores.reverseDns.saveSettings(after, deps.clock.now())
    await stores.audit.record({ actor, action: 'reverse-dns.save', entity: 'reverse-dns', entityId: null, before: before && shown(before), after: { ...shown(after), keyChanged: Boolean(input.apiKey) } })
    await stores.reverseDns.queueOpen()
  })
  return showReverseDnsSettings(deps)()
}

/** Forgets the name server and its key: what stands there stays, nothing more is written. @throws AppError not_found */
export const removeReverseDnsSettings = (deps: Deps) => ({ actor }: { readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const before = await stores.reverseDns.lockSettings()
  if (!before) throw new AppError('not_found')
  await stores.reverseDns.removeSettings()
  await stores.audit.record({ actor, action: 'reverse-dns.remove', entity: 'reverse-dns', entityId: null, before: shown(before), after: null })
})

/** Tests settings as they were typed; of it nothing is kept but an audit row. @throws AppError invalid_input, before anything is asked */
export const testReverseDns = (deps: Deps) => async ({ actor, input }: { readonly actor: Actor, readonly input: Input }): Promise<ConnectionTest> => {
  const settings = toSettings(input, await deps.reverseDns.settings(), deps.secrets)
  const driver = deps.openReverseDns(accessOf(settings, deps.secrets))
  try {
    const result = await runTest(() => Promise.resolve(driver))
    await deps.transact(stores => stores.audit.record({ actor, action: 'reverse-dns.test', entity: 'reverse-dns', entityId: null, after: { url: settings.url, ok: result.ok, failed: result.steps.find(step => !step.ok)?.step ?? null } }))
    return result
  } finally {
    driver.close()
  }
}

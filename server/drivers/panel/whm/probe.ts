import type { PanelAccess } from '#server/infrastructure/panel-ports.ts'
import type { ConnectionTestStep } from '#server/infrastructure/ports.ts'
import { reach, runStep } from '../../reach.ts'
import type { Outcome } from '../../reach.ts'
import type { WhmApi } from './api.ts'
import * as reply from './schema.ts'
import { missingPrivileges, toPackages } from './transform.ts'

/** Each step of a connection test, as soon as it is known; the first failure that makes the later ones meaningless ends it. Never throws. */
export async function* probe(access: PanelAccess, openApi: () => WhmApi): AsyncGenerator<ConnectionTestStep> {
  if (!(yield* reach('WHM', access))) return
  const api = openApi()
  try {
    let missing: ReturnType<typeof missingPrivileges> = { needed: [], further: [] }
    const auth = await runStep('auth', async () => {
      missing = missingPrivileges((await api.read('myprivs', reply.privileges)).privileges[0])
      return { ok: true, detail: access.tokenId }
    })
    yield auth
    if (!auth.ok) return
    yield await runStep('permissions', () => Promise.resolve(judgeRights(missing)))
    // Tokens that are not root's may be kept from the version: what is not told is no fault.
    yield await runStep('version', async () => ({ ok: true, detail: (await api.read('version', reply.version).catch(() => null))?.version ?? 'not told to this token' }))
    yield await runStep('packages', () => checkPackages(api))
  } finally {
    api.close()
  }
}

/** A right that some acts alone need is told and is no failure: accounts are made and run without it. */
function judgeRights({ needed, further }: ReturnType<typeof missingPrivileges>): Outcome {
  const missingPermissions = [...needed, ...further]
  if (missingPermissions.length === 0) return { ok: true, detail: 'all rights are there' }
  if (needed.length > 0) return { ok: false, detail: `missing: ${needed.join(', ')}`, missingPermissions }
  return { ok: true, finding: 'limited_rights', detail: `not granted: ${further.join(', ')}`, missingPermissions }
}

async function checkPackages(api: WhmApi): Promise<Outcome> {
  const found = toPackages(await api.read('listpkgs', reply.packages, { want: 'creatable' }))
  return found.length === 0 ? { ok: false, detail: 'there is no package from which accounts could be made' } : { ok: true, detail: found.map(({ name }) => name).join(', ').slice(0, 200) }
}

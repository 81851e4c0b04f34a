import type { AccountState, SeenAccount } from '../infrastructure/ports.ts'
import { gone } from './drift.ts'
import type { BirthOwner, Drift, ExpectedAccount, MarkOwner } from './drift-ports.ts'

/** What a panel's list of accounts says against the books. Pure; a list proves nothing, so what is told of an account of ours is looked at once more (`confirmedAccount`). */
export function suspectAccountDrift({ expected, observed, births, marks }: { readonly expected: readonly ExpectedAccount[], readonly observed: readonly SeenAccount[], /** Of accounts that are not expected. */ readonly births: ReadonlyMap<string, BirthOwner>, readonly marks: ReadonlyMap<string, MarkOwner> }): Drift[] {
  const byBirth = new Map(observed.map(account => [account.birth, account]))
  const known = new Set(expected.map(account => account.birth))
  const strays = observed.flatMap((account): Drift[] => {
    if (known.has(account.birth)) return []
    const owner = births.get(account.birth) ?? (account.mark === null ? undefined : marks.get(account.mark))
    // Neither kept nor marked: somebody else's, and none of our business.
    if (!owner && account.mark === null) return []
    if (owner && (owner.busy || !gone.includes(owner.status))) return []
    return [{ kind: 'orphan_account', key: account.birth, serviceId: owner?.serviceId ?? null, node: null, vmid: null, detail: { hostname: owner?.hostname ?? account.domain, user: account.user, domain: account.domain } }]
  })
  const own = expected.flatMap((account): Drift[] => {
    if (account.busy) return []
    const seen = byBirth.get(account.birth)
    return seen ? differing(account, seen) : [drift('missing_account', account, { user: account.user })]
  })
  return [...strays, ...own]
}

const drift = (kind: Drift['kind'], account: ExpectedAccount, detail: Drift['detail']): Drift => ({ kind, key: account.ownershipMark, serviceId: account.serviceId, node: null, vmid: null, detail: { hostname: account.domain, ...detail } })

/** How an account of ours is not as the books say: the gravest alone. */
function differing(account: ExpectedAccount, seen: AccountState): Drift[] {
  if (seen.domain !== account.domain) return [drift('account_domain', account, { user: seen.user, domain: seen.domain })]
  if (seen.user !== account.user) return [drift('account_renamed', account, { user: seen.user, expected: account.user })]
  if (account.status === 'stopped_by_policy') return seen.suspended ? [] : [drift('account_runs', account, { user: seen.user })]
  if (seen.suspended) return [drift('account_suspended', account, { user: seen.user, reason: seen.suspended.reason || '—' })]
  if (account.changed || account.package === null || seen.package === account.package) return []
  return [drift('wrong_package', account, { user: seen.user, package: seen.package, expected: account.package })]
}

/** What is left of a suspicion about an account of ours when it was looked at by itself; null: nothing. `seen` null: there is none of ours. Pure. */
export function confirmedAccount(suspected: Drift, account: ExpectedAccount, seen: AccountState | null): Drift | null {
  if (!seen) return suspected.kind === 'missing_account' ? suspected : null
  return differing(account, seen)[0] ?? null
}

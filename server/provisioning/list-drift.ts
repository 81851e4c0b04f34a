import { driftActsOf } from '#shared/vocabulary/machines.ts'
import type { DriftKind, DriftState } from '#shared/vocabulary/machines.ts'
import type { PageRequest } from '../kernel/ports.ts'
import type { DriftStore } from './drift-ports.ts'

/** Where hypervisors and our books disagree, the newest first; resolved ones for ninety days. */
export const listDrift = ({ drift }: { readonly drift: DriftStore }) => async (filter: PageRequest & { readonly state: DriftState, readonly kind?: DriftKind | undefined }) => {
  const page = await drift.list(filter)
  return {
    ...page,
    items: page.items.map(({ ignored, firstSeenAt, lastSeenAt, resolvedAt, detail, connectionKind, ...finding }) => ({ ...finding, acts: driftActsOf(finding.kind, connectionKind), detail: { ...detail }, ignored: ignored && { ...ignored, at: ignored.at.toISOString() }, firstSeenAt: firstSeenAt.toISOString(), lastSeenAt: lastSeenAt.toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null })),
  }
}

import type { PageRequest } from '../kernel/ports.ts'
import type { ConnectionStore } from './ports.ts'

/** When a connection became healthy, and when it no longer was, newest first; kept for ninety days. */
export const listHealthChanges = ({ connections }: { readonly connections: ConnectionStore }) => async ({ id, ...page }: PageRequest & { readonly id: string }) => {
  const found = await connections.listHealthChanges(id, page)
  return { ...found, items: found.items.map(change => ({ ...change, at: change.at.toISOString() })) }
}

import type { Page, PageRequest } from '../kernel/ports.ts'
import { toConnectionView } from './connection.ts'
import type { ConnectionView } from './connection.ts'
import type { ConnectionStore } from './ports.ts'

/** Connections by name, without their secrets. */
export const listConnections = ({ connections }: { readonly connections: ConnectionStore }) => async (filter: PageRequest & { readonly q?: string | undefined }): Promise<Page<ConnectionView>> => {
  const page = await connections.list(filter)
  return { ...page, items: page.items.map(toConnectionView) }
}

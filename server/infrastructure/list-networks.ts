import type { z } from 'zod'
import type { networkView } from '#shared/contracts/networks.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { ConnectionStore, NetworkStore } from './ports.ts'

/** Networks of a connection, as last synchronised, vanished ones included; one of exactly the searched name first. @throws AppError not_found */
export const listNetworks = ({ networks, connections }: { readonly networks: NetworkStore, readonly connections: ConnectionStore }) => async ({ id, ...filter }: PageRequest & { readonly id: string, readonly q?: string | undefined }): Promise<Page<z.input<typeof networkView>>> => {
  if (!await connections.exists(id)) throw new AppError('not_found')
  const page = await networks.list({ ...filter, connectionId: id })
  return { ...page, items: page.items.map(({ connectionId: _, nodes, pools, seenAt, ...row }) => ({ ...row, nodes: [...nodes], pools: [...pools], seenAt: seenAt.toISOString() })) }
}

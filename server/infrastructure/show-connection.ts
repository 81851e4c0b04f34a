import { AppError } from '#shared/errors/codes.ts'
import { toConnectionView } from './connection.ts'
import type { ConnectionView } from './connection.ts'
import type { ConnectionStore } from './ports.ts'

/** One connection, without its secret. @throws AppError not_found */
export const showConnection = ({ connections }: { readonly connections: ConnectionStore }) => async (id: string): Promise<ConnectionView> => {
  const found = await connections.find(id)
  if (!found) throw new AppError('not_found')
  return toConnectionView(found)
}

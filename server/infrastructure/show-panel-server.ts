import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { PanelServerStore } from './panel-ports.ts'
import type { ConnectionStore } from './ports.ts'

/** The server of a control panel as last observed; `server` null: it was not observed yet. @throws AppError not_found, also for a connection that is no panel */
export const showPanelServer = ({ connections, panelServers }: { readonly connections: ConnectionStore, readonly panelServers: PanelServerStore }) => async (id: string) => {
  const connection = await connections.find(id)
  if (!connection || !isPanel(connection.kind)) throw new AppError('not_found')
  const seen = await panelServers.find(id)
  return { server: seen && { hostname: seen.hostname, load: seen.load, disk: seen.disk, accounts: seen.accounts, observedAt: seen.observedAt.toISOString() } }
}

import type { z } from 'zod'
import type { clientView } from '#shared/contracts/admin.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { ServicePages } from './ports.ts'

/** Clients with what they have and owe, newest first; `q` finds by name or e-mail. */
export const listClients = (deps: { servicePages: ServicePages }) => async (filter: PageRequest & { q?: string | undefined }): Promise<Page<z.input<typeof clientView>>> => {
  const found = await deps.servicePages.listClients(filter)
  return { ...found, items: found.items.map(client => ({ ...client, createdAt: client.createdAt.toISOString(), outstanding: toMoneyJson(client.outstanding), credit: toMoneyJson(client.credit) })) }
}

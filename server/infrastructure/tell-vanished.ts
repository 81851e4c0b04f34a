import { localizedPath } from '#shared/navigation/localized-path.ts'
import { mailRequest } from '../notifications/ports.ts'
import type { ConnectionRecord, PanelStores, ProductUse } from './ports.ts'

export interface TellVanishedDeps { readonly baseUrl: string }
interface Vanished { readonly name: string, readonly products: readonly ProductUse[] }

/** One letter to each who runs machines about what products were sold from and is gone; none when no product is made from it. */
export const tellVanished = ({ baseUrl }: TellVanishedDeps) => async (stores: PanelStores, { connection, vanished, at }: { readonly connection: Pick<ConnectionRecord, 'id' | 'name'>, readonly vanished: readonly Vanished[], readonly at: Date }): Promise<void> => {
  const missed = vanished.filter(({ products }) => products.length > 0)
  if (missed.length === 0) return
  const offers = missed.map(({ name, products }) => `${name}: ${products.map(product => product.name).join(', ')}`).join('\n')
  await stores.mail.queue(...(await stores.staff.runMachines()).map(({ id, email, name, locale }) =>
    mailRequest({ userId: id, recipient: email, locale }, 'offer_vanished', `offer_vanished:${connection.id}:${at.toISOString()}:${id}`, { name, connection: connection.name, offers, url: `${baseUrl}${localizedPath(locale, `/admin/connections/${connection.id}`)}` })))
}

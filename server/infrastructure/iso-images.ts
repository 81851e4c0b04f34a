import type { z } from 'zod'
import type { isoImageView } from '#shared/contracts/access.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Page, PageRequest, Transact } from '../kernel/ports.ts'
import type { IsoRecord, IsoStore } from './iso-ports.ts'
import type { ConnectionStore, InfrastructureStores } from './ports.ts'

const toView = ({ id, name, ref, bytes, nodes, offered, present, seenAt }: IsoRecord): z.input<typeof isoImageView> => ({ id, name, ref, bytes, nodes: [...nodes], offered, present, seenAt: seenAt.toISOString() })

/** CD images on the storages of a connection, as last synchronised, vanished ones included. @throws AppError not_found */
export const listIsoImages = ({ isoImages, connections }: { readonly isoImages: IsoStore, readonly connections: ConnectionStore }) => async ({ id, ...page }: PageRequest & { readonly id: string }): Promise<Page<z.input<typeof isoImageView>>> => {
  if (!await connections.exists(id)) throw new AppError('not_found')
  const found = await isoImages.list({ ...page, connectionId: id })
  return { ...found, items: found.items.map(toView) }
}

/** Lets clients begin rescues from an image, or no longer; a rescue that runs goes on. @throws AppError not_found */
export const offerIsoImage = ({ transact }: { readonly transact: Transact<InfrastructureStores> }) => ({ id, imageId, offered, actor }: { readonly id: string, readonly imageId: string, readonly offered: boolean, readonly actor: Actor }): Promise<z.input<typeof isoImageView>> => transact(async (stores) => {
  const image = await stores.isoImages.lock(id, imageId)
  if (!image) throw new AppError('not_found')
  if (image.offered !== offered) {
    await stores.isoImages.setOffered(imageId, offered)
    await stores.audit.record({ actor, action: 'connection.image_offer', entity: 'connection', entityId: id, before: { image: image.name, offered: image.offered }, after: { image: image.name, offered } })
  }
  return toView({ ...image, offered })
})

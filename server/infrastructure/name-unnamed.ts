import { AppError } from '#shared/errors/codes.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { ReverseDnsStores } from './dns-ports.ts'

interface Deps { readonly transact: Transact<ReverseDnsStores> }

/** Has names by the template wished for every address of a machine that has none, by jobs. Names that stand stay. Asked again while that is at work, it is the same. @throws AppError not_found without a name server */
export const requestDefaultNames = ({ transact }: Deps) => ({ actor }: { readonly actor: Actor }): Promise<void> => transact(async (stores) => {
  if (!await stores.reverseDns.settings()) throw new AppError('not_found')
  const addresses = await stores.reverseDns.countUnnamed()
  await stores.outbox.emit('infrastructure.names-due', { after: null, by: actorLabel(actor) }, { singletonKey: 'infrastructure.names' })
  await stores.audit.record({ actor, action: 'reverse-dns.names', entity: 'reverse-dns', entityId: null, after: { addresses } })
})

/** A part of it, from an address on; the rest is another job, so that none takes long and one that is lost begins again where it was. May run any number of times. */
export const nameUnnamed = ({ transact }: Deps) => ({ after, by }: { readonly after: string | null, readonly by: string }): Promise<void> => transact(async (stores) => {
  const last = await stores.reverseDns.nameUnnamed({ after, by })
  if (last !== null) await stores.outbox.emit('infrastructure.names-due', { after: last, by }, { singletonKey: `infrastructure.names:${last}` })
})

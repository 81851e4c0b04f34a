import type { Page, PageRequest } from '../kernel/ports.ts'
import type { RemoteIso } from './guest-ports.ts'

export interface IsoRecord extends RemoteIso { readonly id: string, readonly connectionId: string, /** Clients may start their machines from it. */ readonly offered: boolean, readonly present: boolean, readonly seenAt: Date }
export interface IsoStore {
  /** Of one connection, by name. */
  list(filter: PageRequest & { readonly connectionId: string }): Promise<Page<IsoRecord>>
  /** What clients may start a machine on this node from, by name; a hundred at most. */
  offered(connectionId: string, node: string | null): Promise<IsoRecord[]>
  /** One that was told on this connection; `null`: no such image. Locked until the transaction ends. */
  lock(connectionId: string, id: string): Promise<IsoRecord | null>
  setOffered(id: string, offered: boolean): Promise<void>
  /** Adds or refreshes by (connection, reference); what was not told has gone, unless one of its nodes is among those that did not answer. */
  record(connectionId: string, images: readonly RemoteIso[], silentNodes: readonly string[], at: Date): Promise<void>
}

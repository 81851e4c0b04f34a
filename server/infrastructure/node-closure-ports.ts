import type { Actor } from '../kernel/ports.ts'
import type { AuditTrail } from '../audit/ports.ts'

interface NodeClosure { readonly reason: string, readonly by: string, readonly at: Date }
export interface NodeClosureStore {
  find(connectionId: string, node: string): Promise<NodeClosure | null>
  /** Closed already: it stays as it was closed. False: no such connection. */
  close(connectionId: string, node: string, closure: { readonly reason: string, readonly by: string, readonly at: Date }): Promise<boolean>
  open(connectionId: string, node: string): Promise<void>
}
export interface NodeClosureStores { readonly nodeClosures: NodeClosureStore, readonly audit: AuditTrail }

/**
 * Closes a node to new machines, or opens it again, inside the caller's transaction; written to the audit log. What stands on it stays and may grow. Done already: nothing is done.
 * The stock is counted anew by the caller, afterwards. @throws AppError not_found
 */
export type SetNodeClosure = (stores: NodeClosureStores, input: { readonly connectionId: string, readonly node: string, readonly reason: string | null, readonly actor: Actor & { readonly kind: 'user' } }) => Promise<void>

import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { NodeClosureStore, NodeRecord } from '#server/infrastructure/ports.ts'
import type { Executor } from '../client.ts'
import { connections, nodeClosures, nodes, users } from '../schema/index.ts'
import { rowsOf } from '../rows-of.ts'

const closure = { reason: nodeClosures.reason, by: users.name, at: nodeClosures.closedAt }
/** Nodes as last observed, with whether they are closed. */
export const seenNodes = (db: Executor) => db.select({ node: getTableColumns(nodes), connectionName: connections.name, reason: nodeClosures.reason, by: users.name, at: nodeClosures.closedAt }).from(nodes).innerJoin(connections, eq(connections.id, nodes.connectionId))
  .leftJoin(nodeClosures, and(eq(nodeClosures.connectionId, nodes.connectionId), eq(nodeClosures.node, nodes.node))).leftJoin(users, eq(users.id, nodeClosures.closedBy))
export const toNode = ({ node, connectionName, reason, by, at }: Awaited<ReturnType<typeof seenNodes>>[number]): NodeRecord => ({ ...node, connectionName, closed: reason === null || at === null ? null : { reason, by: by ?? '', at: at.toISOString() } })

export const nodeClosureStores = (db: Executor) => ({
  nodeClosures: {
    async find(connectionId, node) {
      const [row] = await db.select(closure).from(nodeClosures).innerJoin(users, eq(users.id, nodeClosures.closedBy)).where(and(eq(nodeClosures.connectionId, connectionId), eq(nodeClosures.node, node)))
      return row ?? null
    },
    async close(connectionId, node, { reason, by, at }) {
      // First the connection: holds of room wait for it, and see the closure.
      const found = rowsOf(await db.execute(sql`select id from connections where id = ${connectionId} for no key update`))
      if (found.length === 0) return false
      await db.insert(nodeClosures).values({ connectionId, node, reason, closedBy: by, closedAt: at }).onConflictDoNothing()
      return true
    },
    async open(connectionId, node) {
      await db.delete(nodeClosures).where(and(eq(nodeClosures.connectionId, connectionId), eq(nodeClosures.node, node)))
    },
  } satisfies NodeClosureStore,
})

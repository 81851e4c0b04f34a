import { asc, inArray, sql } from 'drizzle-orm'
import type { Role } from '#shared/vocabulary/roles.ts'
import { toldByTasks, toldToClients } from '#server/provisioning/history-ports.ts'
import type { HistoryStore, NoteAct, TaskAct } from '#server/provisioning/history-ports.ts'
import type { Executor } from '../client.ts'
import { sagas, sagaSteps } from '../schema/index.ts'
import { rowsOf } from '../rows-of.ts'
import { toSaga } from './provisioning.ts'
import { toDate } from './service-pages.ts'

const oneOfTexts = (words: readonly string[]) => sql`(${sql.join(words.map(word => sql`${word}`), sql`, `)})`

async function tasksOf(db: Executor, ids: readonly string[]): Promise<Map<string, TaskAct>> {
  if (ids.length === 0) return new Map()
  const rows = await db.select().from(sagas).where(inArray(sagas.id, [...ids]))
  const steps = await db.select().from(sagaSteps).where(inArray(sagaSteps.sagaId, [...ids])).orderBy(asc(sagaSteps.position))
  // Who began it has an account, or is a part of the system; what it carries out is the last change of its service before it.
  const about = rowsOf<{ id: string, name: string | null, cause: string | null, actor: string | null }>(await db.execute(sql`
    select g.id, u.name, t.cause, t.actor from sagas g
      left join users u on u.id = (case when g.actor ~ '^[a-z]+:[0-9a-f]{8}-[0-9a-f-]{27}$' then split_part(g.actor, ':', 2)::uuid end)
      left join lateral (select x.cause, x.actor from transitions x where x.entity = 'service' and x.entity_id = g.service_id and x.at <= g.started_at and x."to" = (case g.kind when 'suspend' then 'suspended' when 'terminate' then 'ended' end) order by x.at desc limit 1) t on true
    where g.id in ${oneOfTexts(ids)}`))
  const known = new Map(about.map(row => [row.id, row]))
  return new Map(rows.map((row) => {
    const more = known.get(row.id)
    return [row.id, {
      source: 'task', saga: toSaga(row), actor: row.actor, name: more?.name ?? null, wanted: more?.cause != null && more.actor !== null ? { cause: more.cause, actor: more.actor } : null,
      steps: steps.filter(step => step.sagaId === row.id).map(({ name, status, startedAt, finishedAt, detail }) => ({ name, status, startedAt: toDate(startedAt), finishedAt: toDate(finishedAt), detail })),
    }]
  }))
}

async function notesOf(db: Executor, ids: readonly string[]): Promise<Map<string, NoteAct>> {
  if (ids.length === 0) return new Map()
  const rows = rowsOf<{ id: string, action: string, at: Date | string, actorName: string, role: Role | null }>(await db.execute(sql`select l.id, l.action, l.at, l.actor_name as "actorName", u.role from audit_log l left join users u on u.id = l.actor_id where l.id in ${oneOfTexts(ids)}`))
  return new Map(rows.map(({ id, action, at, actorName, role }) => [id, { source: 'note', id, action, at: new Date(at), actor: `system:${actorName}`, name: actorName, role }]))
}

export const historyStores = (db: Executor) => ({
  history: {
    async list(serviceId, { page, pageSize }, forClient) {
      const told = sql`entity = 'service' and entity_id = ${serviceId} and action not in ${oneOfTexts(toldByTasks)} ${forClient ? sql`and action in ${oneOfTexts(toldToClients)}` : sql``}`
      const acts = rowsOf<{ id: string, source: 'task' | 'note' }>(await db.execute(sql`
        select id, source from (select id, 'task' as source, started_at as at from sagas where service_id = ${serviceId} union all select id, 'note', at from audit_log where ${told}) acts
        order by at desc, id desc limit ${pageSize} offset ${(page - 1) * pageSize}`))
      const [counted] = rowsOf<{ total: number }>(await db.execute(sql`select (select count(*)::int from sagas where service_id = ${serviceId}) + (select count(*)::int from audit_log where ${told}) as total`))
      const idsOf = (source: 'task' | 'note') => acts.filter(act => act.source === source).map(act => act.id)
      const [tasks, notes] = [await tasksOf(db, idsOf('task')), await notesOf(db, idsOf('note'))]
      return { items: acts.map(({ id }) => tasks.get(id) ?? notes.get(id)).filter(act => act !== undefined), total: Number(counted?.total ?? 0), page, pageSize }
    },
  } satisfies HistoryStore,
})

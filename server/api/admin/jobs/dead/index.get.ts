import { listDeadJobs } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listDeadJobs, async ({ app, query }) => {
  const { items, total } = await app.core.jobs.listDead(query.page, query.pageSize)
  return { ...query, total, items: items.map(job => ({ ...job, createdAt: job.createdAt.toISOString(), failedAt: job.failedAt?.toISOString() ?? null })) }
})

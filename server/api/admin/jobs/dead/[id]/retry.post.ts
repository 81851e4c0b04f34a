import { retryDeadJob } from '#shared/contracts/admin.ts'
import { AppError } from '#shared/errors/codes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(retryDeadJob, async ({ app, actor, params }) => {
  if (!await app.core.jobs.retryDead(params.id)) throw new AppError('not_found')
  await app.core.read.audit.record({ actor, action: 'job.retry', entity: 'job', entityId: params.id })
})

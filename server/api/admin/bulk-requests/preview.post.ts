import { previewBulk } from '#shared/contracts/bulk.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewBulk, ({ app, actor, body }) => app.provisioning.previewBulk({ ...body, actor }))

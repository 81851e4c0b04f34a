import { setTemplateIdentity } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setTemplateIdentity, ({ app, actor, params, body }) => app.infrastructure.setTemplateIdentity({ ...params, ...body, actor }))

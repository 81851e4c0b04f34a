import { createPromo } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createPromo, ({ app, actor, body }) => app.catalog.createPromo({ actor, fields: body }))

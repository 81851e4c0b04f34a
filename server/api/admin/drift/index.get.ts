import { listDrift } from '#shared/contracts/drift.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listDrift, ({ app, query }) => app.provisioning.listDrift(query))

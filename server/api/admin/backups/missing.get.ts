import { listUnbacked } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listUnbacked, ({ app, query }) => app.provisioning.listUnbacked(query))

import { listAudit } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listAudit, async ({ app, query }) => {
  const page = await app.audit.list(query)
  return { ...page, items: page.items.map(entry => ({ ...entry, at: entry.at.toISOString() })) }
})

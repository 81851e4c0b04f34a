import { importStatement } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(importStatement, ({ app, actor, query, raw }) => app.payments.importStatement({ ...query, content: raw, actor }))

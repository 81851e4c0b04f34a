import { importAddresses } from '#shared/contracts/addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(importAddresses, ({ app, actor, params, query, raw }) => app.infrastructure.importAddresses({ actor, ...params, ...query, content: raw }))

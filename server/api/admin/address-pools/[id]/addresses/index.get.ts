import { listPoolAddresses } from '#shared/contracts/addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listPoolAddresses, ({ app, params, query }) => app.infrastructure.listPoolAddresses({ ...params, ...query }))

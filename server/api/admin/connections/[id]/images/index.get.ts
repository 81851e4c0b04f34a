import { listIsoImages } from '#shared/contracts/access.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listIsoImages, ({ app, params, query }) => app.infrastructure.listIsoImages({ id: params.id, ...query }))

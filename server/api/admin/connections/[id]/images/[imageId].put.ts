import { offerIsoImage } from '#shared/contracts/access.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(offerIsoImage, ({ app, actor, params, body }) => app.infrastructure.offerIsoImage({ ...params, ...body, actor }))

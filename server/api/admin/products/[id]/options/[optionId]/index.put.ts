import { changeOption } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(changeOption, ({ app, actor, params, body }) => app.catalog.saveOption({ actor, productId: params.id, optionId: params.optionId, fields: body }))

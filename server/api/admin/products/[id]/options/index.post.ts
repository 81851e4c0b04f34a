import { addOption } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(addOption, ({ app, actor, params, body }) => app.catalog.saveOption({ actor, productId: params.id, optionId: null, fields: body }))

import { deleteTerms } from '#shared/contracts/terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteTerms, ({ app, actor, params }) => app.billing.deleteTerms({ id: params.id, actor }))

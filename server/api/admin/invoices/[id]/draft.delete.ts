import { deleteDraft } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteDraft, ({ app, actor, params }) => app.billing.deleteDraft({ invoiceId: params.id, actor }))

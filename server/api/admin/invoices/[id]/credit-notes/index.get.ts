import { showCreditable } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showCreditable, async ({ app, params }) => ({ items: await app.billing.showCreditable(params.id) }))

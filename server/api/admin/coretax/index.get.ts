import { checkCoretax } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(checkCoretax, ({ app, query }) => app.billing.checkCoretax(query))

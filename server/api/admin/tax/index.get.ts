import { showTax } from '#shared/contracts/tax.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showTax, ({ app }) => app.billing.showTax())

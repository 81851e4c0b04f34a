import { showTerms } from '#shared/contracts/terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showTerms, ({ app }) => app.billing.showTerms())

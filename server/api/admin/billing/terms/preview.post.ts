import { previewTerms } from '#shared/contracts/terms.ts'
import { termsOfInput } from '#server/billing/change-terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewTerms, ({ app, body, locale }) => ({ rail: app.billing.previewTerms(termsOfInput(body), locale) }))

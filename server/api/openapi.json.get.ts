import { showOpenApi } from '#shared/contracts/system.ts'
import { defineRoute } from '#server/platform/http.ts'
import { openApiDocument } from '#server/platform/openapi.ts'

export default defineRoute(showOpenApi, ({ app }) => openApiDocument(app.core.config.GARDU_BASE_URL))

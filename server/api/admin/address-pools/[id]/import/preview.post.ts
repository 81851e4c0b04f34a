import { previewAddresses } from '#shared/contracts/addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewAddresses, ({ app, params, raw }) => app.infrastructure.previewAddresses({ ...params, content: raw }))

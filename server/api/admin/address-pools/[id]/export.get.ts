import { exportAddresses } from '#shared/contracts/addresses.ts'
import { sendStream } from '#server/platform/send-download.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(exportAddresses, async ({ app, params, query, event }) => sendStream(event, await app.infrastructure.exportAddresses({ ...params, ...query })))

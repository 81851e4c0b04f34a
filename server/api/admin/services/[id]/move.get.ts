import { showMove } from '#shared/contracts/operations.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showMove, ({ app, params }) => app.provisioning.showMove(params))

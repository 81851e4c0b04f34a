import { showBoard } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showBoard, ({ app }) => app.monitoring.showBoard())

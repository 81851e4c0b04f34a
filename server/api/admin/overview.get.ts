import { showStaffOverview } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showStaffOverview, ({ app }) => app.provisioning.showStaffOverview())

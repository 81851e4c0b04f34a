import { showProfile } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showProfile, ({ app, actor }) => app.clients.showProfile(actor.id))

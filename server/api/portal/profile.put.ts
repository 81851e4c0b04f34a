import { saveProfile } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(saveProfile, ({ app, actor, body }) => app.clients.saveProfile(actor.id, body))

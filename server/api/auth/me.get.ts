import { me } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(me, ({ app, actor }) => app.identity.showMe(actor.id))

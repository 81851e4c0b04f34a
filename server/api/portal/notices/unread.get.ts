import { countUnreadNotices } from '#shared/contracts/notices.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(countUnreadNotices, ({ app, actor }) => app.notifications.countUnreadNotices(actor.id))

import { readAllNotices } from '#shared/contracts/notices.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(readAllNotices, ({ app, actor }) => app.notifications.readNotices({ userId: actor.id, id: null }))

import { listNotices } from '#shared/contracts/notices.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listNotices, ({ app, actor, query }) => app.notifications.listNotices({ ...query, unread: query.unread ?? false, userId: actor.id }))

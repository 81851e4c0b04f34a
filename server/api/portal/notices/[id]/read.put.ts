import { readNotice } from '#shared/contracts/notices.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(readNotice, ({ app, actor, params }) => app.notifications.readNotices({ userId: actor.id, id: params.id }))

import { liveEvents } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(liveEvents, ({ app, actor, event }) => app.streams.open(event.node.res, actor))

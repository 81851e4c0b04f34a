import { removeSshKey } from '#shared/contracts/ssh-keys.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(removeSshKey, ({ app, actor, params }) => app.clients.removeSshKey({ id: params.id, actor }))

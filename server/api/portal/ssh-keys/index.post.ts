import { addSshKey } from '#shared/contracts/ssh-keys.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(addSshKey, ({ app, actor, body }) => app.clients.addSshKey({ actor, ...body }))

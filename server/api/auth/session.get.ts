import { showSession } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showSession, ({ actor }) => ({ user: actor ? { id: actor.id, name: actor.name, role: actor.role } : null }))

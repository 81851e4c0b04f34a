import { showReverseDns } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showReverseDns, ({ app, actor, params }) => app.provisioning.showReverseDns({ id: params.id, clientId: actor.id }))

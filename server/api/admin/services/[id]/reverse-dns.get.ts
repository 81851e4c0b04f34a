import { showAdminReverseDns } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminReverseDns, ({ app, params }) => app.provisioning.showReverseDns({ id: params.id, clientId: null }))

import { testReverseDns } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(testReverseDns, ({ app, actor, body }) => app.infrastructure.testReverseDns({ actor, input: body }))

import { checkDrift } from '#shared/contracts/drift.ts'
import { actorLabel } from '#server/kernel/ports.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(checkDrift, ({ app, actor }) => app.provisioning.requestDriftCheck(actorLabel(actor)))

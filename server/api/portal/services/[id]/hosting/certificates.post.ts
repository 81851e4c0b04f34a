import { checkHostingCertificates } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(checkHostingCertificates, ({ app, actor, params }) => app.provisioning.checkHostingCertificates({ id: params.id, clientId: actor.id, actor }))

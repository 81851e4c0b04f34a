import { checkAdminHostingCertificates } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(checkAdminHostingCertificates, ({ app, actor, params }) => app.provisioning.checkHostingCertificates({ id: params.id, clientId: null, actor }))

import { showAdoption } from '#shared/contracts/adoption.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdoption, ({ app, params, query }) => app.provisioning.showAdoption({ id: params.id, ...query }))

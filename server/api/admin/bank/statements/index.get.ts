import { listBankStatements } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBankStatements, ({ app, query }) => app.payments.listStatements(query))

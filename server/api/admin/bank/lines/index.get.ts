import { listBankLines } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBankLines, ({ app, query }) => app.payments.listBankLines(query))

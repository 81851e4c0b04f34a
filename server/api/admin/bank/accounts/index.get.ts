import { listBankAccounts } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBankAccounts, ({ app }) => app.payments.listBankAccounts())

import { updateBankAccount } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateBankAccount, ({ app, actor, params, body }) => app.payments.saveBankAccount({ ...body, id: params.id, actor }))

import { createBankAccount } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createBankAccount, ({ app, actor, body }) => app.payments.saveBankAccount({ ...body, id: null, actor }))

import { decideBankLine } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(decideBankLine, ({ app, actor, params, body }) => app.payments.decideBankLine({ lineId: params.id, decision: body, actor }))

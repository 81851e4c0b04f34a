import { topUp } from '#shared/contracts/transfers.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(topUp, ({ app, actor, body, locale }) => app.billing.topUp({ clientId: actor.id, amount: fromMoneyJson(body.amount), locale, actor }))

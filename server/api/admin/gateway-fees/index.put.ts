import { setFeeRules } from '#shared/contracts/reconciliation.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setFeeRules, ({ app, actor, body }) => app.payments.setFeeRules({ rules: body.rules.map(rule => ({ ...rule, fixed: fromMoneyJson(rule.fixed) })), actor }))

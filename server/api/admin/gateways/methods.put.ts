import { saveMethodRules } from '#shared/contracts/gateways.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(saveMethodRules, ({ app, actor, body }) => app.payments.saveMethodRules({
  actor, rules: body.methods.map(rule => ({ ...rule, minimum: rule.minimum && fromMoneyJson(rule.minimum), maximum: rule.maximum && fromMoneyJson(rule.maximum), buyerFee: { ...rule.buyerFee, fixed: fromMoneyJson(rule.buyerFee.fixed) } })),
}))

import type { Transact } from '../kernel/ports.ts'
import type { NewWebhook, PaymentStores } from './ports.ts'

/** Stores proven notifications together with the job of each that waits for work, in one transaction. */
export const keepWebhooks = ({ transact }: { readonly transact: Transact<PaymentStores> }) => (hooks: readonly NewWebhook[]): Promise<void> => transact(async (stores) => {
  const waiting = await stores.webhooks.store(hooks)
  await stores.outbox.emitMany('payments.webhook-received', waiting.map(webhookId => ({ webhookId })))
})

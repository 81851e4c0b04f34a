import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { PaymentStores } from './ports.ts'
import { toWebhookView } from './payment-view.ts'
import type { WebhookView } from './payment-view.ts'

interface Deps { readonly transact: Transact<PaymentStores> }

/** Works on a stored notification again. A refused one was never proven and stays refused. @throws AppError not_found, transition_refused */
export const replayWebhook = ({ transact }: Deps) => (input: { readonly actor: Actor, readonly id: string }): Promise<WebhookView> => transact(async (stores) => {
  const hook = await stores.webhooks.lock(input.id)
  if (!hook) throw new AppError('not_found')
  if (hook.status === 'refused') throw new AppError('transition_refused', { params: { from: 'refused', to: 'verified' } })
  await stores.webhooks.reopen(hook.id)
  await stores.outbox.emit('payments.webhooks-waiting', {}, { singletonKey: 'inbox' })
  await stores.audit.record({ actor: input.actor, action: 'webhook.replay', entity: 'webhook', entityId: hook.id, before: { status: hook.status, reason: hook.reason } })
  return toWebhookView({ ...hook, status: 'verified', reason: null, handledAt: null })
})

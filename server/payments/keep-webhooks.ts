import type { NewWebhook, WebhookStore } from './ports.ts'

interface Deps { readonly webhooks: WebhookStore, /** Has the waiting ones worked on soon; may be lost. */ readonly wake: () => void }

/**
 * Stores notifications in one committed statement. A stored one waits by its own state, so the wake-up is no part of the promise: the look
 * every two minutes, and at each start, finds what waits (see docs/decisions/0008-the-inbox-is-its-own-queue.md).
 */
export const keepWebhooks = ({ webhooks, wake }: Deps) => async (hooks: readonly NewWebhook[]): Promise<void> => {
  if (await webhooks.store(hooks)) wake()
}

import type { Clock, Log, Transact } from '../kernel/ports.ts'
import type { WebhookStores } from './webhook-ports.ts'

const atOnce = 1000
const dayMilliseconds = 86_400_000

/**
 * Forgets what became of webhook deliveries that are older than `keptDays` (business clock): delivered and dead ones, never one that still waits. In portions, each a transaction of its own, so that no sending
 * waits for it; several workers at once share the work.
 */
export const clearDeliveries = ({ transact, clock, keptDays, log }: { readonly transact: Transact<WebhookStores>, readonly clock: Clock, readonly keptDays: number, readonly log: Log }) => async (): Promise<void> => {
  const before = new Date(clock.now().getTime() - keptDays * dayMilliseconds)
  let cleared = 0
  for (let portion = atOnce; portion === atOnce; cleared += portion) portion = await transact(stores => stores.webhookDeliveries.forget(before, atOnce))
  if (cleared > 0) log.info({ cleared, before }, 'old webhook deliveries were cleared')
}

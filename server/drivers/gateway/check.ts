import type { GatewayCheck } from '#server/payments/ports.ts'

/** One question to a gateway, timed; a failure becomes its answer. `live`: real money moves by this key. */
export async function timedCheck(check: GatewayCheck['check'], live: boolean, ask: () => Promise<unknown>): Promise<GatewayCheck> {
  const started = performance.now()
  const problem = await ask().then(() => null, (error: unknown) => error instanceof Error ? error.message : String(error))
  return { check, ok: problem === null, milliseconds: Math.round(performance.now() - started), finding: problem !== null ? 'failed' : live ? 'accepted_live' : 'accepted_test', detail: problem }
}

/** Whether notifications can be proven at all: without a secret none is believed. */
export const notificationCheck = (secret: string): GatewayCheck => ({ check: 'notifications', ok: secret !== '', milliseconds: 0, finding: secret === '' ? 'secret_missing' : 'secret_set', detail: null })

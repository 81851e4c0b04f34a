import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'
/** A secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => prefix + randomBytes(32).toString('base64')

/** The header `webhook-signature`: `v1,<base64 HMAC-SHA256 of id.timestamp.body>` for each secret, separated by spaces. */
export const signWebhook = (secrets: readonly string[], { id, timestamp, body }: { readonly id: string, readonly timestamp: number, readonly body: string }): string =>
  secrets.map(secret => `v1,${createHmac('sha256', Buffer.from(secret.slice(prefix.length), 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64')}`).join(' ')

import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { methodsOfGateway } from '#shared/vocabulary/payments.ts'
import { noInstructions } from '#server/payments/ports.ts'
import type { GatewayCharge, PaymentGateway, StartedCharge } from '#server/payments/ports.ts'
import { notificationCheck, timedCheck } from '../check.ts'
import { midtransApi } from './api.ts'
import type { MidtransAddress } from './api.ts'
import { notification } from './schema.ts'
import { readState, refundDays } from './returns.ts'
import { chargeBody, readExpiry, readInstructions, snapBody } from './transform.ts'

export interface MidtransOptions extends MidtransAddress {
  /** What signs notifications: a secret of its own in newer dashboards, else the server key. */
  readonly signatureKey: string
}

/**
 * Whether a notification is signed with this secret: SHA-512 over order id, status code and amount as the strings that came, then the
 * secret (docs.midtrans.com, "Handle notifications"). Constant time. An empty secret proves nothing: false.
 */
export function isSigned(input: { readonly order_id: string, readonly status_code: string, readonly gross_amount: string, readonly signature_key: string }, secret: string): boolean {
  if (secret === '') return false
  const expected = createHash('sha512').update(input.order_id + input.status_code + input.gross_amount + secret).digest()
  const given = Buffer.from(/^[0-9a-f]{128}$/i.test(input.signature_key) ? input.signature_key : '', 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/**
 * Midtrans: Snap's page, and virtual accounts, Mandiri bills, QRIS and GoPay in place through the Core API. An order id is good for one charge there, so a
 * start that is repeated with the same order id cannot charge twice.
 */
export function midtransGateway(options: MidtransOptions): PaymentGateway {
  const api = midtransApi(options)

  async function startSnap(charge: GatewayCharge): Promise<StartedCharge> {
    const answer = await api.snap(snapBody(charge), `${charge.orderId}.snap`)
    if ('refused' in answer) {
      const text = answer.refused.join('; ')
      throw new DriverError(/already been taken/.test(text) ? 'unknown_outcome' : 'permanent', `Midtrans Snap refused: ${text}`)
    }
    return { gatewayTransactionId: null, expiresAt: charge.expiresAt, instructions: { ...noInstructions, redirectUrl: answer.redirect_url, token: answer.token } }
  }

  return {
    name: 'midtrans',
    methods: methodsOfGateway('midtrans'),
    async start(charge) {
      const { method } = charge
      if (method === 'snap') return startSnap(charge)
      if (method === 'xendit') throw new DriverError('permanent', 'Midtrans does not take this method')
      const { code, message, transaction } = await api.charge(chargeBody({ ...charge, method }), `${charge.orderId}.chg`)
      if (code < 300 && transaction) return { gatewayTransactionId: transaction.transaction_id, instructions: readInstructions(transaction), expiresAt: readExpiry(transaction, charge) }
      // 406: the order id was used, so an earlier call of ours had its effect.
      throw new DriverError(code === 406 ? 'unknown_outcome' : 'permanent', `Midtrans refused the charge: ${code} ${message}`)
    },
    async read({ orderId, gatewayTransactionId }) {
      const { code, message, transaction } = await api.status(gatewayTransactionId ?? orderId)
      // 407 is the usual answer for an expired transaction and carries it; 404: no method was chosen on the Snap page yet.
      if (transaction) return readState(transaction)
      if (code === 404) return null
      throw new DriverError('permanent', `Midtrans answered ${code} ${message} when asked for ${orderId}`)
    },
    async cancel({ orderId, token }) {
      const pageClosed = token === null || await api.cancelSnap(token)
      const { code, message } = await api.cancel(orderId, `${orderId}.cxl`)
      if (code === 200) {
        // The page outlives the method that was chosen on it.
        if (token !== null && !pageClosed) await api.cancelSnap(token)
        return true
      }
      if (code === 404) return pageClosed
      if (code === 412) return false
      throw new DriverError('permanent', `Midtrans refused to cancel ${orderId}: ${code} ${message}`)
    },
    refund: {
      days: method => refundDays[method] ?? null,
      async request({ orderId, gatewayTransactionId, refundKey, amount, reason }) {
        const { code, message } = await api.refund(gatewayTransactionId ?? orderId, { refund_key: refundKey, amount: Number(amount.amount), reason: reason.slice(0, 255) }, `${refundKey}.rfd`)
        // 406: the key was used, so an earlier call of ours had its effect.
        if (code >= 300 && code !== 406) throw new DriverError('permanent', `Midtrans refused the refund: ${code} ${message}`)
      },
    },
    verify({ raw }) {
      if (options.signatureKey === '') throw new AppError('gateway_not_configured')
      const read = notification.safeParse(parse(raw))
      if (!read.success) throw new AppError('webhook_unreadable')
      if (!isSigned(read.data, options.signatureKey)) throw new AppError('webhook_refused')
      const { order_id: orderId, transaction_id: gatewayTransactionId, transaction_status: event } = read.data
      return { orderId, gatewayTransactionId: gatewayTransactionId ?? null, event }
    },
    async check() {
      const live = !options.serverKey.startsWith('SB-')
      // An order and a page that cannot exist: only who is let in is told so.
      return [
        await timedCheck('api', live, async () => {
          const { code, message } = await api.status('gardu-check-00000000')
          if (code !== 404) throw new Error(`Midtrans answered ${code} ${message}`)
        }),
        await timedCheck('page', live, () => api.cancelSnap('00000000-0000-0000-0000-000000000000')),
        notificationCheck(options.signatureKey),
      ]
    },
  }
}

function parse(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
  } catch {
    throw new AppError('webhook_unreadable')
  }
}

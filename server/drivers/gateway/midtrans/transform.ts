import { DriverError } from '#shared/errors/driver-error.ts'
import { currencies, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import type { GatewayCharge, GatewayInstructions } from '#server/payments/ports.ts'
import type { Transaction } from './schema.ts'

/** Times are written in GMT+7 without a zone. */
const jakarta = (at: Date) => new Date(at.getTime() + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
export const parseJakarta = (text: string | undefined): Date | null => {
  const at = text ? new Date(`${text.replace(' ', 'T')}+07:00`) : null
  return at && !Number.isNaN(at.getTime()) ? at : null
}

/** `"111000.00"` → 111000; the string is never a float. @throws DriverError permanent for cents and for currencies that Gardu does not book */
export function readAmount(text: string, currency: string): Money {
  const [, whole] = /^(\d{1,18})(?:\.0+)?$/.exec(text) ?? []
  const known = currencies.find(candidate => candidate === currency)
  if (whole === undefined || !known) throw new DriverError('permanent', `Midtrans: ${text} ${currency} is not an amount of whole Rupiah`)
  return money(BigInt(whole), known)
}

const clean = (text: string, limit: number) => text.replaceAll('|', ' ').replace(/\p{Cc}/gu, ' ').trim().slice(0, limit).trim()
const minutesBetween = (from: Date, to: Date) => Math.min(7 * 1440, Math.max(5, Math.floor((to.getTime() - from.getTime()) / 60_000)))

/** What Snap and Core API take alike. Limits: order id 50 of `A-Za-z0-9-_~.`, item names 50 (BCA 30), no `|`; the lines add up to the amount. */
function common(charge: GatewayCharge) {
  const gross = Number(charge.amount.amount)
  if (!Number.isSafeInteger(gross) || gross < 1) throw new DriverError('permanent', `Midtrans: ${charge.amount.amount} cannot be charged`)
  if (!/^[\w.~-]{1,50}$/.test(charge.orderId)) throw new DriverError('permanent', `Midtrans: ${charge.orderId} is not an order id it takes`)
  if (charge.lines.reduce((sum, line) => sum + line.amount.amount, 0n) !== charge.amount.amount) throw new DriverError('permanent', 'Midtrans: the lines do not add up to the amount')
  const nameLimit = charge.method === 'bca_va' ? 30 : 50
  // BNI takes Indonesian numbers only; a telephone number is never worth a refused charge.
  const phone = charge.buyer.phone && /^(\+62|0)\d{6,14}$/.test(charge.buyer.phone) ? { phone: charge.buyer.phone } : {}
  return {
    transaction_details: { order_id: charge.orderId, gross_amount: gross },
    item_details: charge.lines.map(line => ({ id: clean(line.id, 50), price: Number(line.amount.amount), quantity: 1, name: clean(line.name, nameLimit) || 'Gardu' })),
    customer_details: { first_name: clean(charge.buyer.name, nameLimit) || 'Pelanggan', email: charge.buyer.email, ...phone },
  }
}

type DirectMethod = Exclude<GatewayMethod, 'snap' | 'xendit'>
const bankTransfer = (bank: string) => ({ payment_type: 'bank_transfer', bank_transfer: { bank } })
/** What names the method to Midtrans; Mandiri's two texts (10 and 30 letters) stand on the ATM's screen. */
const methodBody: Record<DirectMethod, (charge: GatewayCharge) => object> = {
  bca_va: () => bankTransfer('bca'), bni_va: () => bankTransfer('bni'), bri_va: () => bankTransfer('bri'), permata_va: () => bankTransfer('permata'), cimb_va: () => bankTransfer('cimb'),
  mandiri_bill: charge => ({ payment_type: 'echannel', echannel: { bill_info1: 'Tagihan', bill_info2: clean(charge.orderId, 30) } }),
  qris: () => ({ payment_type: 'qris', qris: { acquirer: 'gopay' } }),
  gopay: charge => ({ payment_type: 'gopay', gopay: { enable_callback: true, callback_url: charge.returnUrl } }),
}

export const snapBody = (charge: GatewayCharge) => ({
  ...common(charge), enabled_payments: ['bca_va', 'bni_va', 'bri_va', 'permata_va', 'cimb_va', 'echannel', 'other_qris', 'gopay'], callbacks: { finish: charge.returnUrl },
  expiry: { start_time: `${jakarta(charge.now)} +0700`, unit: 'minutes', duration: minutesBetween(charge.now, charge.expiresAt) },
})

/** The time to pay is a duration from Midtrans' own transaction time: our clocks need not agree. */
export function chargeBody(charge: GatewayCharge & { readonly method: DirectMethod }) {
  return { ...methodBody[charge.method](charge), ...common(charge), custom_expiry: { expiry_duration: minutesBetween(charge.now, charge.expiresAt), unit: 'minute' } }
}

/**
 * Permata's number and Mandiri's codes have fields of their own; a QR code comes as text, or (older acquirers) only as the address of a
 * picture. GoPay's app is opened by an address that must be one: never a script.
 */
export function readInstructions(answer: Transaction): GatewayInstructions {
  const va = answer.va_numbers?.[0]
  const picture = answer.actions?.find(action => action.name.startsWith('generate-qr-code'))?.url ?? null
  const app = answer.actions?.find(action => action.name === 'deeplink-redirect')?.url ?? null
  return {
    billerCode: answer.biller_code ?? null, billKey: answer.bill_key ?? null, appUrl: app && /^(https?|gojek|gopay):\/\//.test(app) ? app : null,
    vaNumber: answer.permata_va_number ?? va?.va_number ?? null, bank: answer.permata_va_number ? 'permata' : va?.bank ?? null,
    qrString: answer.qr_string ?? null, redirectUrl: answer.qr_string ? null : picture, token: null,
  }
}

/**
 * When the charge really lapses: never later than asked. Both of Midtrans' times are from its own clock, so only their distance is used:
 * business time may be moved (demo mode) and clocks may differ.
 */
export function readExpiry(answer: Transaction, charge: GatewayCharge): Date {
  const [from, to] = [parseJakarta(answer.transaction_time), parseJakarta(answer.expiry_time)]
  const theirs = from && to && to > from ? charge.now.getTime() + (to.getTime() - from.getTime()) : charge.expiresAt.getTime()
  return new Date(Math.min(theirs, charge.expiresAt.getTime()))
}

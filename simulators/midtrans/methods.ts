import { randomUUID } from 'node:crypto'
import type { MidtransState, SnapMethod, Transaction } from './state.ts'

/** CRC-16/CCITT-FALSE, which closes every QR text of EMVCo (QRIS). */
export function crc16(text: string): string {
  let crc = 0xFFFF
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xFFFF
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}
const field = (tag: string, value: string) => `${tag}${String(value.length).padStart(2, '0')}${value}`

/** The text of a dynamic QRIS: merchant, rupiah (360), amount, reference, checksum (EMVCo merchant-presented mode). */
export function qrisText(amount: number, reference: string): string {
  const merchant = field('00', 'COM.GO-JEK.WWW') + field('01', '936009143812785002') + field('02', 'G812785002') + field('03', 'UMI')
  const text = field('00', '01') + field('01', '12') + field('26', merchant) + field('52', '4816') + field('53', '360') + field('54', String(amount)) + field('58', 'ID') + field('59', 'GARDU SIMULATOR') + field('60', 'JAKARTA') + field('61', '10220') + field('62', field('01', reference.slice(0, 25)))
  return `${text}6304${crc16(`${text}6304`)}`
}

const day = 24 * 3_600_000
const bankPrefix: Record<string, string> = { bca: '812785002', bni: '9888785002', bri: '131678500', permata: '8562000', cimb: '5989785', danamon: '8922785', bsi: '9347785' }
const bankLength: Record<string, number> = { bca: 15, bni: 16, bri: 17, permata: 16 }

/** What the buyer pays with, its code or QR, and how long it lives unless told otherwise. Null: a method this merchant has not activated. */
export function methodDetails(input: { state: MidtransState, paymentType: string, bank: string | null, amount: number, id: string, baseUrl: string }): { paymentType: string, message: string, details: Record<string, unknown>, actions: Transaction['actions'], lifetime: number } | null {
  const { state, paymentType, amount, id, baseUrl } = input
  const number = () => String(state.nextNumber++)
  const bank = paymentType === 'permata' ? 'permata' : input.bank
  if (paymentType === 'bank_transfer' || paymentType === 'permata') {
    const prefix = bank === null ? undefined : bankPrefix[bank]
    if (!bank || !prefix) return null
    const va = prefix + number().padStart((bankLength[bank] ?? 16) - prefix.length, '0')
    return { paymentType: 'bank_transfer', message: 'Success, Bank Transfer transaction is created', details: bank === 'permata' ? { permata_va_number: va } : { va_numbers: [{ bank, va_number: va }] }, actions: [], lifetime: day }
  }
  if (paymentType === 'echannel') return { paymentType, message: 'OK, Mandiri Bill transaction is successful', details: { biller_code: '70012', bill_key: number().padStart(12, '7') }, actions: [], lifetime: day }
  if (paymentType === 'qris') {
    const code = { name: 'generate-qr-code', method: 'GET', url: `${baseUrl}/v2/qris/${id}/qr-code` }
    return { paymentType, message: 'QRIS transaction is created', details: { acquirer: 'gopay', qr_string: qrisText(amount, id) }, actions: [code, { name: 'generate-qr-code-v2', method: 'GET', url: `${baseUrl}/v4/qris/${id}/qr-code` }], lifetime: 15 * 60_000 }
  }
  if (paymentType === 'gopay') {
    return { paymentType, message: 'GoPay transaction is created', details: { qr_string: qrisText(amount, id) }, actions: [
      { name: 'generate-qr-code', method: 'GET', url: `${baseUrl}/v2/gopay/${id}/qr-code` }, { name: 'deeplink-redirect', method: 'GET', url: `${baseUrl}/scan/${id}` },
      { name: 'get-status', method: 'GET', url: `${baseUrl}/v2/${id}/status` }, { name: 'cancel', method: 'POST', url: `${baseUrl}/v2/${id}/cancel` },
    ], lifetime: 15 * 60_000 }
  }
  return null
}

/** The charge that a choice on the Snap page stands for. */
export const chargeOf: Record<SnapMethod, { paymentType: string, bank: string | null, label: string }> = {
  bca_va: { paymentType: 'bank_transfer', bank: 'bca', label: 'BCA Virtual Account' }, bni_va: { paymentType: 'bank_transfer', bank: 'bni', label: 'BNI Virtual Account' }, bri_va: { paymentType: 'bank_transfer', bank: 'bri', label: 'BRI Virtual Account (BRIVA)' },
  permata_va: { paymentType: 'bank_transfer', bank: 'permata', label: 'Permata Virtual Account' }, cimb_va: { paymentType: 'bank_transfer', bank: 'cimb', label: 'CIMB Niaga Virtual Account' }, echannel: { paymentType: 'echannel', bank: null, label: 'Mandiri Bill Payment' }, other_qris: { paymentType: 'qris', bank: null, label: 'QRIS' }, gopay: { paymentType: 'gopay', bank: null, label: 'GoPay' },
}

export const newTransactionId = () => randomUUID()
/** These can be paid back by the API; virtual accounts cannot. */
export const refundable = new Set(['credit_card', 'gopay', 'shopeepay', 'qris'])

import { generateSecret, generateURI, verify } from 'otplib'
import { toString as toQr } from 'qrcode'
import type { TotpCodes } from '#server/identity/ports.ts'

const issuer = 'Gardu'
const period = 30

/** RFC 6238 by otplib; QR codes are drawn here, so that the secret reaches no other server. */
export const otplibTotp: TotpCodes = {
  newSecret: () => generateSecret({ length: 20 }),
  uri: (secret, account) => generateURI({ issuer, label: account, secret }),
  qrSvg: uri => toQr(uri, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 }),
  async stepOf(secret, code, now) {
    const epoch = Math.floor(now.getTime() / 1000)
    const result = await verify({ strategy: 'totp', secret, token: code, epoch, period, epochTolerance: period })
    return result.valid ? Math.floor(epoch / period) + result.delta : null
  },
}

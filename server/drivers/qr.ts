import QRCode from 'qrcode'

/** A text as a QR code, in SVG. Drawn here so that no page needs a library, a foreign picture or a looser content policy. */
export const drawQr = (text: string): Promise<string> => QRCode.toString(text, { type: 'svg', margin: 2, errorCorrectionLevel: 'M' })

/** A whole number as people type it (`Rp 1.250.000`, `1 250 000`), with nothing but what they meant: the digits. Anything else stays, to be refused with a reason. */
export const wholeOfTyped = (typed: string): string => {
  const bare = typed.trim().replace(/^rp\.?\s*/i, '')
  return /^\d{1,3}([.,\s]\d{3})+$/.test(bare) ? bare.replaceAll(/[.,\s]/g, '') : bare
}
/** Hundredths of a percent as they are typed and shown: 70 is `0,7`. */
export const percentOfPoints = (basisPoints: number): string => String(basisPoints / 100).replace('.', ',')
/** The same back; null when it is no percentage with at most two decimals. */
export const pointsOfPercent = (typed: string): number | null => {
  const [, whole, part = ''] = /^(\d{1,3})(?:[.,](\d{1,2}))?$/.exec(typed.trim()) ?? []
  return whole === undefined ? null : Number(whole) * 100 + Number(part.padEnd(2, '0'))
}
/** A ratio as it is typed and shown: 1.5 is `1,5`; nothing is nothing. */
export const decimalTyped = (value: number | null | undefined): string => value === null || value === undefined ? '' : String(value).replace('.', ',')
/** The same back: null when nothing is typed, NaN when it is no number. */
export const decimalOfTyped = (typed: string): number | null => typed.trim() === '' ? null : /^\d+(?:[.,]\d+)?$/.test(typed.trim()) ? Number(typed.trim().replace(',', '.')) : Number.NaN

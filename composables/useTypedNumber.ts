/** A whole number as people type it (`Rp 1.250.000`, `1 250 000`), with nothing but what they meant: the digits. Anything else stays, to be refused with a reason. */
export const wholeOfTyped = (typed: string): string => {
  const bare = typed.trim().replace(/^rp\.?\s*/i, '')
  return /^\d{1,3}([.,\s]\d{3})+$/.test(bare) ? bare.replaceAll(/[.,\s]/g, '') : bare
}

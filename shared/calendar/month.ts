/** `2026-11` and -11: `2025-12`. */
export const shiftMonth = (month: string, by: number): string => {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + by
  return `${Math.floor(index / 12)}-${String(index % 12 + 1).padStart(2, '0')}`
}

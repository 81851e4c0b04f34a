/** What a `datetime-local` field holds, read in the business zone (WIB), as an instant; an empty field is null. */
export const instantOfWib = (typed: string): string | null => typed ? `${typed.slice(0, 16)}:00+07:00` : null

/** An instant as a `datetime-local` field wants it, in the business zone; nothing there is an empty field. */
export const wibOfInstant = (instant: string | null): string => instant ? new Date(Date.parse(instant) + 7 * 3_600_000).toISOString().slice(0, 16) : ''

/** An ILIKE pattern that finds `text` anywhere, letter for letter: `%` and `_` of the one who searches mean themselves. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`

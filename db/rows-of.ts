/** What a statement written by hand brought: `pg` and PGlite answer alike, Drizzle's type does not say so. */
export const rowsOf = <T>(found: unknown): T[] => (found as { rows: T[] }).rows

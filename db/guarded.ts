import type { AppError } from '#shared/errors/codes.ts'

/** The database's error code and constraint, wherever the driver wrapped them. */
function violation(error: unknown): { code: string, constraint: string } | null {
  for (let inner = error as { code?: unknown, constraint?: unknown, cause?: unknown } | undefined, depth = 0; inner && depth < 4; inner = inner.cause as typeof inner, depth++) {
    if (typeof inner.code === 'string' && /^23\d{3}$/.test(inner.code)) return { code: inner.code, constraint: typeof inner.constraint === 'string' ? inner.constraint : '' }
  }
  return null
}
/** Runs a statement and tells a broken constraint as the error of the field that broke it. */
export async function guarded<T>(statement: Promise<T>, tell: (broken: { code: string, constraint: string }) => AppError | null): Promise<T> {
  try {
    return await statement
  } catch (error) {
    const broken = violation(error)
    throw (broken && tell(broken)) ?? error
  }
}

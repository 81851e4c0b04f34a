import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'

/** Whether a statement failed because it would have made a second row of this unique index (SQLSTATE 23505), on either database. */
function isUniqueViolation(error: unknown, index: string): boolean {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    if ('code' in inner && inner.code === '23505') return 'constraint' in inner && inner.constraint === index
  }
  return false
}

/** Writes; where it would make a second row of this unique index, that is told as `code`. @throws AppError */
export async function refuseSecond<T>(write: PromiseLike<T>, index: string, code: ErrorCode): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (isUniqueViolation(error, index)) throw new AppError(code, { cause: error })
    throw error
  }
}

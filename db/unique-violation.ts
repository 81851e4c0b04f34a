/** Whether a statement failed because it would have made a second row of this unique index (SQLSTATE 23505), on either database. */
export function isUniqueViolation(error: unknown, index: string): boolean {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    if ('code' in inner && inner.code === '23505') return 'constraint' in inner && inner.constraint === index
  }
  return false
}

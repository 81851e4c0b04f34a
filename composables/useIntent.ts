/**
 * Sends what creates under one Idempotency-Key per intention of the person, so that pressing again after a lost answer gets the first
 * answer instead of a second object:
 *
 *     const { once } = useIntent()
 *     submit(() => once(idempotencyKey => api(createPromo, { body: body(), idempotencyKey })), done)
 *
 * The key belongs to `about` (a form has one intention, a row of buttons one per button) and stays until the server has decided: until then
 * it may have acted. Content that was changed after a lost answer is refused by the server if the first was received.
 * @throws ApiProblem; where no answer came, its title says that sending again is safe.
 */
export function useIntent() {
  const { t } = useI18n()
  const keys = new Map<string, string>()
  async function once<T>(send: (idempotencyKey: string) => Promise<T>, about = ''): Promise<T> {
    const key = keys.get(about) ?? crypto.randomUUID()
    keys.set(about, key)
    try {
      const result = await send(key)
      keys.delete(about)
      return result
    } catch (error) {
      const known = problemOf(error)
      if (known && known.statusCode < 500 && known.code !== 'request_in_progress') keys.delete(about)
      if (known?.code === 'unavailable' && known.requestId === '') throw new ApiProblem({ ...known.data, title: t('errors.unanswered') })
      throw error
    }
  }
  /** The intention is over in another way: what it made was seen. The next press is a new one. */
  const settled = (about = '') => void keys.delete(about)
  return { once, settled }
}

/**
 * Runs one act of a person at a time: `busy` while it runs, `problem` (a sentence fit to be shown) when it failed. Answers whether it worked.
 * A second click while the first still runs does nothing.
 */
export function useAct() {
  const { t } = useI18n()
  const busy = ref(false)
  const problem = ref<string | null>(null)
  async function act(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = null
    try {
      await work()
      return true
    } catch (error) {
      const known = problemOf(error)
      problem.value = known ? [known.title, ...known.fields.map(field => field.message)].join(' ') : t('errors.unavailable')
      return false
    } finally {
      busy.value = false
    }
  }
  return { act, busy, problem }
}

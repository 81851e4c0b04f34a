import type { z } from 'zod'
import { findingsOf } from '#shared/errors/field-messages.ts'

/**
 * Checks a form by the contract's own schema, with messages in the reader's language, and shows what the server answered; `schema` may depend on the step:
 *
 *     const { check, form, sending, problem, submit } = useFormCheck(loginBody)
 *     <UiForm ref="form" :state="state" :check="check" :problem="problem" @submit="submit(() => api(login, { body: state }), done)">
 *
 * Checked while typing and at the end, not when a field is left: a message that comes or goes under the pointer moves the button away from
 * the click. `submit` allows one request at a time, puts the errors of fields at their fields and keeps the rest in `problem`.
 */
export function useFormCheck(schema: MaybeRefOrGetter<z.ZodType>) {
  const { t } = useI18n()
  const form = useTemplateRef<{ setErrors(errors: { name: string, message: string }[]): void }>('form')
  const sending = ref(false)
  const problem = shallowRef<ApiProblem | null>(null)

  let answeredAt = -Infinity
  let savedAt = -Infinity
  let checked = ''
  let sent = ''

  function check(state: unknown): { name: string, message: string }[] {
    const parsed = toValue(schema).safeParse(state, { reportInput: true })
    // The form checks a field again shortly after its last letter; by then the server may have answered, and its word about this must stay.
    checked = JSON.stringify(state)
    const told = checked === sent && performance.now() - answeredAt < 1000 ? problem.value?.formErrors ?? [] : []
    // For the same reason a form that was just saved and emptied is not told that it is empty.
    if (!parsed.success && performance.now() - savedAt < 500) return []
    return parsed.success ? told : findingsOf(parsed.error).map(({ path, code, params }) => ({ name: path, message: t(`fields.${code}`, { ...params }) }))
  }

  /** Answers whether it succeeded. `refused` may deal with a problem itself: it answers true for those. */
  async function submit<T>(send: () => Promise<T>, done: (result: T) => unknown, refused?: (problem: ApiProblem) => boolean): Promise<boolean> {
    if (sending.value) return false
    sending.value = true
    problem.value = null
    sent = checked
    try {
      await done(await send())
      savedAt = performance.now()
      return true
    } catch (error) {
      const known = problemOf(error)
      if (!known) throw error
      if (refused?.(known)) return false
      problem.value = known
      answeredAt = performance.now()
      form.value?.setErrors(known.formErrors)
      return false
    } finally {
      sending.value = false
    }
  }
  return { check, form, sending, problem, submit }
}

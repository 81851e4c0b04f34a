/**
 * What a person types into a form about something that may change meanwhile. `follow` takes over what the server says now, except in the
 * fields that were changed here and not saved; `reset` takes over everything. `unsaved`: something was typed that is not saved yet.
 */
export function useDraft<T extends object>(first: T) {
  const copy = (from: T): T => JSON.parse(JSON.stringify(from)) as T
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  const state = reactive(copy(first)) as T
  const known = shallowRef(copy(first))
  function follow(now: T) {
    for (const field of Object.keys(now) as (keyof T)[]) if (same(state[field], known.value[field])) state[field] = copy(now)[field]
    known.value = copy(now)
  }
  function reset(now: T) {
    Object.assign(state, copy(now))
    known.value = copy(now)
  }
  return { state, unsaved: computed(() => !same(state, known.value)), follow, reset }
}

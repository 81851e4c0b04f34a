/** What is typed into the search of a choice (`typed`, for `v-model:search-term`), and `q` a moment after the last key: what to ask the server for. */
export function useTypedSearch() {
  const typed = ref('')
  const q = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(typed, (text) => {
    clearTimeout(timer)
    timer = setTimeout(() => q.value = text.trim().slice(0, 100), 250)
  })
  onBeforeUnmount(() => clearTimeout(timer))
  return { typed, q }
}

interface Choice { readonly value: string, readonly label: string }
/** What the server found, with the chosen one, which stays in the list when something else is searched for. `known`: the one that is chosen already. */
export function useKeptChoices(found: () => readonly Choice[], chosen: () => string | null, known?: Choice) {
  const kept = shallowRef(known)
  watch(chosen, id => kept.value = [...found(), kept.value].find(choice => choice?.value === id))
  return computed(() => [...kept.value && !found().some(({ value }) => value === kept.value?.value) ? [kept.value] : [], ...found()])
}

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

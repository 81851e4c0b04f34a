/**
 * The filter and page of a list, kept in the address: it survives a reload, the back button and being sent to a colleague. Setting a
 * filter goes back to page 1; an empty value is left out.
 */
export function useListQuery<const K extends string>(names: readonly K[] = []) {
  const route = useRoute()
  const router = useRouter()
  const one = (name: string) => {
    const value = route.query[name]
    return (Array.isArray(value) ? value[0] : value) || undefined
  }
  const page = computed({
    get: () => Math.min(10_000, Math.max(1, Math.trunc(Number(one('page') ?? 1)) || 1)),
    set: value => void router.push({ query: { ...route.query, page: value > 1 ? String(value) : undefined } }),
  })
  const filters = computed(() => Object.fromEntries(names.map(name => [name, one(name)])) as Record<K, string | undefined>)
  /** One writable ref per filter, for `v-model`. */
  const filter = (name: K) => computed({
    get: () => one(name),
    set: (value: string | undefined) => void router.replace({ query: { ...route.query, page: undefined, [name]: value || undefined } }),
  })
  return { page, filters, filter }
}

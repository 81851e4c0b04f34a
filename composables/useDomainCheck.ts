import type { checkDomains } from '#shared/contracts/storefront.ts'

export type DomainRow = ApiResult<typeof checkDomains>['items'][number]
const route_ = { method: 'GET', path: '/api/storefront/domains', access: 'public' } as unknown as typeof checkDomains

/**
 * Checks a name under every suffix on sale. On the server (and without JavaScript) the page waits for the whole list; in the browser each
 * result is put in its place as it arrives. `rows` has a hole (null) where an answer is still awaited.
 */
export function useDomainCheck() {
  const api = useApi()
  const rows = useState<(DomainRow | null)[]>('domain-rows', () => [])
  const checked = useState<string>('domain-name', () => '')
  const busy = ref(false)
  const problem = useState<string | null>('domain-problem', () => null)
  let source: EventSource | null = null

  const stop = () => {
    source?.close()
    source = null
    busy.value = false
  }
  async function whole(name: string) {
    busy.value = true
    try {
      rows.value = [...(await api(route_, { query: { name } })).items]
      problem.value = null
    } catch (error) {
      rows.value = []
      problem.value = problemOf(error)?.title ?? ''
    } finally {
      busy.value = false
    }
  }
  function stream(name: string) {
    busy.value = true
    const mine = source = new EventSource(`/api/storefront/domains?${new URLSearchParams({ name })}`)
    mine.addEventListener('result', (message) => {
      const { index, total, ...row } = JSON.parse(String((message as MessageEvent).data)) as DomainRow & { index: number, total: number }
      rows.value = Array.from({ length: total }, (_, i) => i === index ? row : rows.value[i] ?? null)
    })
    mine.addEventListener('done', stop)
    mine.onerror = () => {
      if (mine !== source) return
      stop()
      // A broken line (or a refusal, which an EventSource cannot read): asked again the plain way, which also tells the reason.
      void whole(name)
    }
  }
  async function check(name: string) {
    stop()
    rows.value = []
    problem.value = null
    checked.value = name
    if (!name) return
    if (import.meta.server) await whole(name)
    else stream(name)
  }
  onBeforeUnmount(stop)
  return { rows, checked, busy, problem, check }
}

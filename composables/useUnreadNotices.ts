import { countUnreadNotices } from '#shared/contracts/notices.ts'

/** How many notices a client has not read, one number for the whole page; `badge` is empty when there is none. */
export function useUnreadNotices() {
  const api = useApi()
  const unread = useState('unread-notices', () => 0)
  const badge = computed(() => unread.value > 99 ? '99+' : unread.value > 0 ? String(unread.value) : undefined)
  async function refresh() {
    try {
      unread.value = (await api(countUnreadNotices)).unread
    } catch {
      // A number at the side is not worth a problem: it is asked for again with the next hint.
    }
  }
  return { unread, badge, refresh }
}

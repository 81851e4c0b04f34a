import type { LiveName } from '#shared/live/live-line.ts'

/**
 * Asks again when the server hints that something of these names changed; many hints at once lead to one question. With `id`, hints about
 * others are passed over. While the line is down it asks every 15 s instead, so that a page that waits for a payment never hangs.
 */
export function useLiveRefresh(names: readonly LiveName[], refresh: () => Promise<unknown>, ofInterest: (id: string) => boolean = () => true) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let poll: ReturnType<typeof setInterval> | undefined
  const { connected } = useLive(names, (_name, id) => {
    if (id !== '' && !ofInterest(id)) return
    clearTimeout(timer)
    timer = setTimeout(() => void refresh(), 150)
  })
  onMounted(() => {
    poll = setInterval(() => {
      if (!connected.value && document.visibilityState === 'visible') void refresh()
    }, 15_000)
  })
  onBeforeUnmount(() => {
    clearTimeout(timer)
    clearInterval(poll)
  })
  return { connected }
}

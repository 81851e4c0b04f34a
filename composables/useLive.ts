import { liveLine, liveNames } from '#shared/live/live-line.ts'
import type { LineEnvironment, LiveName, TabMessage } from '#shared/live/live-line.ts'

/** The one line of a user's tabs, in the browser. Its name tells users apart: whoever signs in anew in this browser hears nothing of the last one's. Not known who it is: a line of its own. */
function browserLine(userId: string | undefined) {
  const name = `gardu-live:${userId}`
  const environment: LineEnvironment = {
    connect(on) {
      const source = new EventSource('/api/events')
      source.onopen = on.open
      source.onerror = on.lost
      for (const each of liveNames) source.addEventListener(each, message => on.hint(each, String((message as MessageEvent).data)))
      return source
    },
    tabs: userId === undefined || typeof BroadcastChannel === 'undefined'
      ? null
      : (hear) => {
          const channel = new BroadcastChannel(name)
          channel.onmessage = message => hear(message.data as TabMessage)
          return { say: message => channel.postMessage(message), close: () => channel.close() }
        },
    // Only pages that were loaded safely (or from this machine) have them.
    whenFree: 'locks' in navigator
      ? (lead) => {
          const waiting = new AbortController()
          // Given up before its turn came, it is refused; had it come, this changes nothing.
          void navigator.locks.request(name, { signal: waiting.signal }, lead).catch(() => {})
          return () => waiting.abort()
        }
      : null,
    later(milliseconds, work) {
      const timer = setTimeout(work, milliseconds)
      return () => clearTimeout(timer)
    },
  }
  return liveLine(environment)
}
const lines = new Map<string | undefined, ReturnType<typeof browserLine>>()
function lineOf(userId: string | undefined) {
  const line = lines.get(userId) ?? browserLine(userId)
  lines.set(userId, line)
  return line
}

/**
 * Calls `onHint(name, id)` when the server says that something of these names changed; the page then asks for it again:
 *
 *     useLive(['invoice', 'payment'], (_name, id) => { if (id === invoiceId) void refresh() })
 *
 * Call in `setup` of a page for signed-in users. Whenever the line opens it calls with an empty id for each name: hints may have been missed
 * since the page was made, so ask again. All tabs of a user share one line. Ends with the component. Does nothing on the server.
 * @returns whether the line is open.
 */
export function useLive(names: readonly LiveName[], onHint: (name: LiveName, id: string) => void): { connected: Readonly<Ref<boolean>> } {
  const { user } = useAuth()
  const listener = reactive({ names, onHint, connected: false })
  let leave = () => {}
  onMounted(() => {
    const line = lineOf(user.value?.id)
    line.join(listener)
    leave = () => line.leave(listener)
  })
  onBeforeUnmount(() => leave())
  return { connected: toRef(listener, 'connected') }
}

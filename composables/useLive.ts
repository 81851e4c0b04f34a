/** The names of live hints; what they mean stands in `server/kernel/ports.ts`. */
const liveNames = ['invoice', 'payment', 'service', 'nodes', 'billing', 'connection', 'alarms', 'bulk'] as const
export type LiveName = typeof liveNames[number]

interface Listener { readonly names: readonly LiveName[], readonly onHint: (name: LiveName, id: string) => void, readonly connected: Ref<boolean> }
/**
 * The line that all listeners of a tab share: over HTTP/1.1 a browser keeps six connections to a host, and a page whose parts each held one
 * could load nothing any more. Open while somebody listens. In the browser alone.
 */
const line = (() => {
  const listeners = new Set<Listener>()
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause = 1000

  function greet(listener: Listener) {
    listener.connected.value = true
    listener.names.forEach(name => listener.onHint(name, ''))
  }
  function open() {
    source = new EventSource('/api/events')
    source.onopen = () => {
      pause = 1000
      listeners.forEach(greet)
    }
    source.onerror = () => {
      listeners.forEach(({ connected }) => void (connected.value = false))
      source?.close()
      timer = setTimeout(open, pause)
      pause = Math.min(pause * 2, 30_000)
    }
    for (const name of liveNames) {
      source.addEventListener(name, message => listeners.forEach((listener) => {
        if (listener.names.includes(name)) listener.onHint(name, String((message as MessageEvent).data))
      }))
    }
  }
  return {
    join(listener: Listener) {
      listeners.add(listener)
      if (listeners.size === 1) open()
      else if (source?.readyState === EventSource.OPEN) greet(listener)
    },
    leave(listener: Listener) {
      listeners.delete(listener)
      if (listeners.size > 0) return
      clearTimeout(timer)
      source?.close()
      source = null
      pause = 1000
    },
  }
})()

/**
 * Calls `onHint(name, id)` when the server says that something of these names changed; the page then asks for it again:
 *
 *     useLive(['invoice', 'payment'], (_name, id) => { if (id === invoiceId) void refresh() })
 *
 * Call in `setup` of a page for signed-in users. Whenever the line opens it calls with an empty id for each name: hints may have been missed
 * since the page was made, so ask again. A lost line is opened again (after 1 s, doubling to 30 s). Ends with the component. Does nothing on
 * the server.
 * @returns whether the line is open.
 */
export function useLive(names: readonly LiveName[], onHint: (name: LiveName, id: string) => void): { connected: Readonly<Ref<boolean>> } {
  const connected = ref(false)
  const listener = { names, onHint, connected }
  onMounted(() => line.join(listener))
  onBeforeUnmount(() => line.leave(listener))
  return { connected }
}

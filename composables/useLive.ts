/** The names of live hints; what they mean stands in `server/kernel/ports.ts`. */
export type LiveName = 'invoice' | 'payment' | 'service' | 'nodes' | 'billing' | 'connection' | 'alarms' | 'bulk'

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
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause = 1000

  function open() {
    source = new EventSource('/api/events')
    source.onopen = () => {
      connected.value = true
      pause = 1000
      names.forEach(name => onHint(name, ''))
    }
    source.onerror = () => {
      connected.value = false
      source?.close()
      timer = setTimeout(open, pause)
      pause = Math.min(pause * 2, 30_000)
    }
    for (const name of names) source.addEventListener(name, message => onHint(name, String((message as MessageEvent).data)))
  }

  onMounted(open)
  onBeforeUnmount(() => {
    clearTimeout(timer)
    source?.close()
    source = null
  })
  return { connected }
}

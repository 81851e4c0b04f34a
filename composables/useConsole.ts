import type RFB from '@novnc/novnc'
import { consoleEnds } from '#shared/vocabulary/machines.ts'
import type { ConsoleEnd } from '#shared/vocabulary/machines.ts'

interface Ticket { readonly ticket: string, readonly path: string }
const enter = 0xFF0D
/** Signs beyond Latin-1 have the keysym of their number with this bit (X11). */
const keysymOf = (letter: string): number => {
  const code = letter.codePointAt(0) ?? 0
  return letter === '\n' ? enter : letter === '\t' ? 0xFF09 : code < 0x100 ? code : 0x1000000 | code
}

/**
 * A console in `target`: connecting, connected, or closed with a reason. `open` asks for the ticket, anew for each connection. Ends with
 * the component.
 */
export function useConsole(target: Readonly<Ref<HTMLElement | null>>, open: () => Promise<Ticket>) {
  const { t } = useI18n()
  const state = ref<'connecting' | 'connected' | 'closed'>('connecting')
  const reason = ref<ConsoleEnd | 'lost'>('lost')
  /** Why there was no ticket, in words. */
  const problem = ref<string | null>(null)
  let rfb: RFB | null = null
  let gone = false

  async function connect(): Promise<void> {
    state.value = 'connecting'
    problem.value = null
    try {
      const [{ default: Viewer }, { ticket, path }] = await Promise.all([import('@novnc/novnc'), open()])
      if (gone || !target.value) return
      const url = new URL(path, location.href)
      url.protocol = url.protocol.replace('http', 'ws')
      const socket = new WebSocket(url, ['binary', `ticket.${ticket}`])
      socket.addEventListener('close', ({ reason: told }) => {
        reason.value = consoleEnds.find(end => end === told) ?? 'lost'
        state.value = 'closed'
      })
      const viewer = new Viewer(target.value, socket, { shared: true })
      viewer.scaleViewport = true
      viewer.background = 'transparent'
      viewer.addEventListener('connect', () => {
        state.value = 'connected'
        viewer.focus()
      })
      rfb = viewer
    } catch (error) {
      problem.value = problemOf(error)?.title ?? t('errors.unavailable')
      state.value = 'closed'
    }
  }
  /** Letter by letter, with pauses: guests lose keys that come faster than a person types. */
  async function type(text: string): Promise<void> {
    for (const letter of text.replaceAll('\r\n', '\n')) {
      if (state.value !== 'connected') return
      rfb?.sendKey(keysymOf(letter), null)
      await new Promise(resolve => setTimeout(resolve, 12))
    }
  }
  onBeforeUnmount(() => {
    gone = true
    if (state.value !== 'closed') rfb?.disconnect()
  })
  return { state, reason, problem, connect, type, ctrlAltDel: () => rfb?.sendCtrlAltDel(), focus: () => rfb?.focus() }
}

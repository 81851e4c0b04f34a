/** The names of live hints; what they mean stands in `server/kernel/ports.ts`. */
export const liveNames = ['invoice', 'payment', 'service', 'nodes', 'billing', 'connection', 'alarms', 'bulk'] as const
export type LiveName = typeof liveNames[number]

/** Whoever listens: told whether the line is open, and of the hints that it asked for. */
export interface LiveListener { readonly names: readonly LiveName[], readonly onHint: (name: LiveName, id: string) => void, connected: boolean }

/** What tabs of one user say to each other. `ask`: is there a line? `open` and `down` answer it; a hint is handed on as it came. */
export type TabMessage = { readonly say: 'ask' | 'open' | 'down' } | { readonly say: 'hint', readonly name: LiveName, readonly id: string }
interface LineToServer { close(): void }
export interface LineEnvironment {
  /** Opens a line of server-sent events. */
  readonly connect: (on: { readonly open: () => void, readonly lost: () => void, readonly hint: (name: LiveName, id: string) => void }) => LineToServer
  /** What the other tabs of this user hear; null: there is no such thing in this browser. */
  readonly tabs: ((hear: (message: TabMessage) => void) => { say(message: TabMessage): void, close(): void }) | null
  /** Waits until no other tab of this user has the line, then calls `lead`; the line is given up when the promise that it answers is kept. What it answers itself ends the waiting. Null: there is no such thing. */
  readonly whenFree: ((lead: () => Promise<void>) => () => void) | null
  readonly later: (milliseconds: number, work: () => void) => () => void
}
const shortest = 1000
const longest = 30_000

/** A line of its own to the server: lost, it is opened again (after 1 s, doubling to 30 s). @returns closes it */
function keepOpen({ connect, later }: Pick<LineEnvironment, 'connect' | 'later'>, on: Parameters<LineEnvironment['connect']>[0]): () => void {
  let pause = shortest
  let over = false
  let line: LineToServer | null = null
  let stopWaiting = () => {}
  function open() {
    line = connect({
      ...on,
      open() {
        pause = shortest
        on.open()
      },
      lost() {
        if (over) return
        line?.close()
        on.lost()
        stopWaiting = later(pause, open)
        pause = Math.min(pause * 2, longest)
      },
    })
  }
  open()
  return () => {
    over = true
    stopWaiting()
    line?.close()
  }
}

/**
 * The line that all listeners of a tab share, and all tabs of a user: over HTTP/1.1 a browser keeps six connections to a host, and six tabs that each held one could load nothing any more. One tab holds the line and hands on what it
 * hears; when it goes, the next takes over. Whenever a line opens, every listener of every tab is called with an empty id for each of its names, for hints may have been missed: so nothing is. Open while somebody listens. Where a browser has no
 * locks or no way from tab to tab, each has a line of its own.
 */
export function liveLine({ connect, tabs, whenFree, later }: LineEnvironment): { join(listener: LiveListener): void, leave(listener: LiveListener): void } {
  const listeners = new Set<LiveListener>()
  let isOpen = false
  let stop = () => {}

  function opened() {
    isOpen = true
    for (const listener of listeners) greet(listener)
  }
  function lost() {
    isOpen = false
    for (const listener of listeners) listener.connected = false
  }
  function greet(listener: LiveListener) {
    listener.connected = true
    for (const name of listener.names) listener.onHint(name, '')
  }
  function hint(name: LiveName, id: string) {
    for (const listener of listeners) if (listener.names.includes(name)) listener.onHint(name, id)
  }

  function share(talk: NonNullable<typeof tabs>, wait: NonNullable<typeof whenFree>): () => void {
    let leads = false
    const channel = talk((message) => {
      if (message.say === 'hint') hint(message.name, message.id)
      else if (message.say === 'open') opened()
      else if (message.say === 'down') lost()
      else if (leads) channel.say({ say: isOpen ? 'open' : 'down' })
    })
    let over = false
    let giveUp = () => {}
    const stopWaiting = wait(() => {
      if (over) return Promise.resolve()
      leads = true
      const close = keepOpen({ connect, later }, {
        open() {
          opened()
          channel.say({ say: 'open' })
        },
        lost() {
          lost()
          channel.say({ say: 'down' })
        },
        hint(name, id) {
          hint(name, id)
          channel.say({ say: 'hint', name, id })
        },
      })
      return new Promise((resolve) => {
        giveUp = () => {
          close()
          resolve()
        }
      })
    })
    channel.say({ say: 'ask' })
    return () => {
      over = true
      stopWaiting()
      // The others ask by themselves until the next one's line is open.
      if (leads) channel.say({ say: 'down' })
      giveUp()
      channel.close()
    }
  }

  return {
    join(listener) {
      listeners.add(listener)
      if (listeners.size === 1) stop = tabs && whenFree ? share(tabs, whenFree) : keepOpen({ connect, later }, { open: opened, lost, hint })
      else if (isOpen) greet(listener)
    },
    leave(listener) {
      listeners.delete(listener)
      listener.connected = false
      if (listeners.size > 0) return
      stop()
      stop = () => {}
      isOpen = false
    },
  }
}

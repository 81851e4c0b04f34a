import { columns, lines } from './screen.ts'

export interface Terminal {
  /** What stands on the screen, from above; the first line is a bar that names the machine. */
  rows(): readonly string[]
  /** An X11 keysym went down or up. */
  key(keysym: number, down: boolean): void
  /** Called after each change. */
  watch(changed: () => void): () => void
  /** The bar's text. */
  title(text: string): void
}

const keys = { enter: 0xFF0D, backspace: 0xFF08, delete: 0xFFFF, control: [0xFFE3, 0xFFE4], alt: [0xFFE9, 0xFFEA] }

/** A guest's text console: it shows what is typed and knows a few commands, so that a viewer has something to see. */
export function terminal(options: { readonly name: string, readonly startedAt: number, readonly now: () => number }): Terminal {
  const { name } = options
  const watchers = new Set<() => void>()
  const held = new Set<number>()
  let bar = name
  let text: string[] = []
  let input = ''
  let loggedIn = false
  const prompt = () => loggedIn ? `${name.split('.')[0]}:~# ` : `${name.split('.')[0]} login: `
  const print = (...more: string[]) => {
    text = [...text, ...more].slice(-200)
  }
  const boot = () => {
    text = []
    loggedIn = false
    input = ''
    print('Simulated machine: keys are shown, nothing is run.', '', `GNU/Linux ${name} tty1`, '')
  }
  boot()
  const changed = () => watchers.forEach(watcher => watcher())
  const answers: Record<string, () => string[]> = {
    help: () => ['help  hostname  uptime  date  clear  exit'],
    hostname: () => [name],
    uptime: () => [`up ${Math.floor((options.now() - options.startedAt) / 60_000)} minutes`],
    date: () => [new Date(options.now()).toISOString()],
    clear: () => {
      text = []
      return []
    },
    exit: () => {
      boot()
      return []
    },
  }
  const run = (line: string) => {
    print(prompt() + line)
    if (!loggedIn) {
      if (line.trim()) {
        loggedIn = true
        print('Welcome. Type help.')
      }
      return
    }
    const command = line.trim().split(' ')[0] ?? ''
    if (command) print(...(Object.hasOwn(answers, command) ? answers[command]?.() ?? [] : [`${command}: command not found`]))
  }
  const wrap = (line: string) => line.length <= columns ? [line] : Array.from({ length: Math.ceil(line.length / columns) }, (_, i) => line.slice(i * columns, (i + 1) * columns))
  return {
    rows: () => {
      const shown = [...text, `${prompt()}${input}_`].flatMap(wrap).slice(-(lines - 1))
      return [` ${bar}`.padEnd(columns), ...shown, ...Array.from({ length: lines - 1 - shown.length }, () => '')]
    },
    key(keysym, down) {
      if (!down) return void held.delete(keysym)
      held.add(keysym)
      const control = keys.control.some(key => held.has(key))
      if (control && keysym === keys.delete && keys.alt.some(key => held.has(key))) {
        boot()
        print('Ctrl-Alt-Del: the guest starts again.')
      } else if (control && (keysym === 0x63 || keysym === 0x43)) {
        print(`${prompt()}${input}^C`)
        input = ''
      } else if (keysym === keys.enter) {
        run(input)
        input = ''
      } else if (keysym === keys.backspace) {
        input = input.slice(0, -1)
      } else if (keysym >= 0x20 && keysym <= 0x7E && input.length < 200) {
        input += String.fromCharCode(keysym)
      } else {
        return
      }
      changed()
    },
    watch(watcher) {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    title(told) {
      if (told === bar) return
      bar = told
      changed()
    },
  }
}

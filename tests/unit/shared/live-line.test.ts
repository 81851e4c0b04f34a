import { describe, expect, it } from 'vitest'
import { liveLine } from '#shared/live/live-line.ts'
import type { LineEnvironment, LiveListener, LiveName, TabMessage } from '#shared/live/live-line.ts'

/** A browser with tabs, in memory: one lock, one channel, and lines that the test opens, loses and speaks over. */
function browser(shares = true) {
  const lines = new Set<Parameters<LineEnvironment['connect']>[0]>()
  const ears = new Set<(message: TabMessage) => void>()
  const queue: { lead: () => Promise<void>, givenUp: boolean }[] = []
  const timers = new Map<() => void, number>()
  let held = false
  function next() {
    const turn = held ? undefined : queue.shift()
    if (!turn) return
    if (turn.givenUp) return next()
    held = true
    void turn.lead().then(() => {
      held = false
      next()
    })
  }
  const environment: LineEnvironment = {
    connect(on) {
      lines.add(on)
      return { close: () => void lines.delete(on) }
    },
    tabs: shares
      ? (hear) => {
          ears.add(hear)
          return { say: message => [...ears].filter(ear => ear !== hear).forEach(ear => ear(message)), close: () => void ears.delete(hear) }
        }
      : null,
    whenFree: shares
      ? (lead) => {
          const turn = { lead, givenUp: false }
          queue.push(turn)
          next()
          return () => void (turn.givenUp = true)
        }
      : null,
    later(milliseconds, work) {
      timers.set(work, milliseconds)
      return () => void timers.delete(work)
    },
  }
  return {
    lines, timers,
    tab: () => liveLine(environment),
    open: () => lines.forEach(line => line.open()),
    lose: () => [...lines].forEach(line => line.lost()),
    say: (name: LiveName, id: string) => lines.forEach(line => line.hint(name, id)),
    /** Whatever was set for later happens now. @returns how long it would have waited */
    elapse() {
      const due = [...timers]
      timers.clear()
      due.forEach(([work]) => work())
      return due.map(([, milliseconds]) => milliseconds)
    },
    settled: () => new Promise<void>(resolve => setImmediate(resolve)),
  }
}
function listener(...names: LiveName[]) {
  const heard: string[] = []
  const each: LiveListener & { heard: string[] } = { names, connected: false, heard, onHint: (name, id) => void heard.push(`${name}:${id}`) }
  return each
}

describe('the live line', () => {
  it('is one for six tabs of a user: each hears its hints, is told when it opened, and says when it is down', () => {
    const here = browser()
    const all = Array.from({ length: 6 }, () => listener('invoice'))
    all.forEach(each => here.tab().join(each))
    expect(here.lines.size).toBe(1)
    expect(all.map(({ connected }) => connected)).toEqual(Array.from({ length: 6 }, () => false))
    here.open()
    here.say('invoice', 'a')
    here.say('service', 'b')
    for (const each of all) expect(each).toMatchObject({ connected: true, heard: ['invoice:', 'invoice:a'] })
    here.lose()
    expect(all.some(({ connected }) => connected)).toBe(false)
    expect(here.elapse()).toEqual([1000])
    expect(here.lines.size).toBe(1)
    here.open()
    for (const each of all) expect(each).toMatchObject({ connected: true, heard: ['invoice:', 'invoice:a', 'invoice:'] })
  })
  it('whoever comes later learns that it is open, and asks for what it may have missed', () => {
    const here = browser()
    here.tab().join(listener('service'))
    here.open()
    const [late, beside] = [listener('service'), listener('bulk')]
    const tab = here.tab()
    tab.join(late)
    tab.join(beside)
    expect(here.lines.size).toBe(1)
    expect([late.heard, beside.heard]).toEqual([['service:'], ['bulk:']])
  })
  it('is taken over when its tab closes: the others are told that it is down, then that it is open, and ask again', async () => {
    const here = browser()
    const [first, second, third] = [listener('service'), listener('service'), listener('service')]
    const leader = here.tab()
    leader.join(first)
    here.tab().join(second)
    here.tab().join(third)
    here.open()
    leader.leave(first)
    expect([first.connected, second.connected, third.connected]).toEqual([false, false, false])
    await here.settled()
    expect(here.lines.size).toBe(1)
    here.open()
    here.say('service', 'x')
    for (const each of [second, third]) expect(each).toMatchObject({ connected: true, heard: ['service:', 'service:', 'service:x'] })
    expect(first.heard).toEqual(['service:'])
  })
  it('who gives up while it waits for its turn never takes it, and the last one to go closes the line', async () => {
    const here = browser()
    const [leader, waiting] = [here.tab(), here.tab()]
    const [first, second] = [listener('service'), listener('service')]
    leader.join(first)
    waiting.join(second)
    waiting.leave(second)
    leader.leave(first)
    await here.settled()
    expect(here.lines.size).toBe(0)
    leader.join(first)
    await here.settled()
    expect(here.lines.size).toBe(1)
  })
  it('lost again and again it is asked for after 1, 2, 4 … 30 s; left meanwhile, not any more', () => {
    const here = browser(false)
    const [tab, each] = [here.tab(), listener('service')]
    tab.join(each)
    const waits = Array.from({ length: 7 }, () => {
      here.lose()
      return here.elapse()[0]
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    here.lose()
    tab.leave(each)
    expect([here.elapse(), here.lines.size]).toEqual([[], 0])
  })
  it('where tabs cannot speak to each other, each has its own', () => {
    const here = browser(false)
    const [first, second] = [listener('service'), listener('service')]
    here.tab().join(first)
    here.tab().join(second)
    expect(here.lines.size).toBe(2)
    here.open()
    expect([first.heard, second.heard]).toEqual([['service:'], ['service:']])
  })
})

/** One webhook on its way: every try stands in it, so that a page can show what became of it. */
export interface WebhookDelivery { id: number, about: string, event: string, url: string, headers: Record<string, string>, body: string, /** When the next try is due; null when it is over. */ dueAt: number | null, tries: { at: number, answer: string }[], outcome: 'waiting' | 'delivered' | 'given up' | 'lost' }

export interface DeliveryFaults { loseNotifications: number, duplicateNotifications: number, reorderNotifications: number, holdNotifications: boolean }

export interface Deliverer {
  send(webhook: Pick<WebhookDelivery, 'about' | 'event' | 'url' | 'headers' | 'body'>): void
  /** Begins every try that is due. */
  pump(): void
  /** Resolves when nothing is under way and nothing waits; fails after the bound. */
  idle(milliseconds?: number): Promise<void>
  close(): void
}

/** Delivers webhooks by HTTP POST; anything but 2xx is tried again after each of `intervals` (milliseconds), then given up. */
export function deliverer(options: { deliveries: WebhookDelivery[], nextId: () => number, touch: () => void, faults: DeliveryFaults, intervals: readonly number[], lagMs: number, now: () => number }): Deliverer {
  const { deliveries, faults, intervals } = options
  const running = new Set<Promise<void>>()
  const gathered: WebhookDelivery[] = []
  let timer: NodeJS.Timeout | null = null
  let closed = false

  const attempt = async (delivery: WebhookDelivery) => {
    const answer = await fetch(delivery.url, { method: 'POST', headers: { 'content-type': 'application/json', ...delivery.headers }, body: delivery.body, redirect: 'manual', signal: AbortSignal.timeout(15_000) })
      .then(reply => ({ ok: reply.ok, text: String(reply.status) }), (error: unknown) => ({ ok: false, text: error instanceof Error ? error.message : String(error) }))
    delivery.tries.push({ at: options.now(), answer: answer.text })
    const wait = intervals[delivery.tries.length - 1]
    delivery.outcome = answer.ok ? 'delivered' : wait === undefined ? 'given up' : 'waiting'
    delivery.dueAt = delivery.outcome === 'waiting' ? options.now() + (wait ?? 0) : null
    options.touch()
  }
  const pump = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (closed) return
    const due = faults.holdNotifications ? [] : deliveries.filter(delivery => delivery.dueAt !== null && delivery.dueAt <= options.now())
    for (const delivery of due) {
      delivery.dueAt = null
      const work = attempt(delivery).finally(() => {
        running.delete(work)
        pump()
      })
      running.add(work)
    }
    const next = Math.min(...deliveries.flatMap(delivery => delivery.dueAt === null ? [] : [delivery.dueAt]))
    if (!Number.isFinite(next)) return
    timer = setTimeout(pump, Math.max(10, Math.min(next - options.now(), 60_000)))
    timer.unref()
  }
  const enqueue = (delivery: WebhookDelivery) => {
    if (faults.reorderNotifications === 0) return void deliveries.push(delivery)
    gathered.push(delivery)
    if (gathered.length < faults.reorderNotifications) return
    faults.reorderNotifications = 0
    const at = options.now() + options.lagMs
    gathered.splice(0).reverse().forEach((late, i) => deliveries.push({ ...late, dueAt: at + i * 20 }))
  }
  return {
    pump,
    send(webhook) {
      const make = (outcome: WebhookDelivery['outcome']): WebhookDelivery => ({ id: options.nextId(), ...webhook, dueAt: outcome === 'lost' ? null : options.now() + options.lagMs, tries: [], outcome })
      if (faults.loseNotifications > 0) {
        faults.loseNotifications -= 1
        deliveries.push(make('lost'))
      } else {
        enqueue(make('waiting'))
        if (faults.duplicateNotifications > 0) {
          faults.duplicateNotifications -= 1
          enqueue(make('waiting'))
        }
      }
      if (deliveries.length > 2000) deliveries.splice(0, deliveries.length - 2000)
      options.touch()
      pump()
    },
    async idle(milliseconds = 10_000) {
      const until = performance.now() + milliseconds
      while (running.size > 0 || deliveries.some(delivery => delivery.dueAt !== null)) {
        if (performance.now() > until) throw new Error('notifications still to send')
        await (running.size > 0 ? Promise.race(running) : new Promise(resolve => setTimeout(resolve, 5)))
      }
    },
    close() {
      closed = true
      if (timer) clearTimeout(timer)
    },
  }
}

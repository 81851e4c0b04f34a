import type { FaultBox } from '../support/faults.ts'
import type { Persisted } from '../support/persist.ts'
import type { MidtransFaults } from './faults.ts'
import { amountText, notificationCode, view } from './state.ts'
import type { Delivery, MidtransState, Transaction } from './state.ts'

export interface Notifier {
  send(transaction: Transaction): void
  /** Begins every try that is due. */
  pump(): void
  /** Sends a delivery once more, as the dashboard's button does. */
  resend(id: number): void
  /** Resolves when nothing is under way and nothing waits; fails after the bound. */
  idle(milliseconds?: number): Promise<void>
  close(): void
}

const minute = 60_000
const intervals = [2 * minute, 10 * minute, 30 * minute, 90 * minute, 210 * minute]
/** How often Midtrans tries again after this answer; null stands for no answer at all. */
export function retriesAfter(status: number | null): number {
  if (status === null) return 5
  if (status >= 200 && status < 300) return 0
  if ([301, 302, 303].includes(status)) return 0
  if (status === 500) return 1
  if (status === 503) return 4
  if (status === 400 || status === 404) return 2
  return 5
}

/** Notifications by HTTP POST with the vendor's retry table; `timeFactor` shortens its intervals. */
export function notifier(store: Persisted<MidtransState>, options: { serverKey: string, defaultUrl: string, lagMs: number, timeFactor: number, now: () => number, faults: FaultBox<MidtransFaults> }): Notifier {
  const { state } = store
  const faults = options.faults.current
  const running = new Set<Promise<void>>()
  const gathered: Delivery[] = []
  let timer: NodeJS.Timeout | null = null
  let closed = false

  const payload = (transaction: Transaction): string => {
    const code = notificationCode(transaction.status)
    const body = view(transaction, code, 'midtrans payment notification', options.serverKey)
    if (faults.tamperNotifications === 'amount') body.gross_amount = amountText(transaction.amount - 1)
    if (faults.tamperNotifications === 'signature') body.signature_key = '0'.repeat(128)
    // The signature covers neither status nor fraud status: who trusts the text alone is cheated here.
    if (faults.tamperNotifications === 'status') body.transaction_status = 'settlement'
    return JSON.stringify(body)
  }

  const attempt = async (delivery: Delivery) => {
    let status: number | null = null
    let answer: string
    try {
      const reply = await fetch(delivery.url, { method: 'POST', headers: { 'content-type': 'application/json', 'accept': 'application/json', 'user-agent': 'Veritrans' }, body: delivery.body, redirect: 'manual', signal: AbortSignal.timeout(15_000) })
      status = reply.status
      answer = String(status)
      if ((status === 307 || status === 308) && reply.headers.get('location')) {
        const followed = await fetch(new URL(reply.headers.get('location') ?? '', delivery.url), { method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'Veritrans' }, body: delivery.body, redirect: 'manual', signal: AbortSignal.timeout(15_000) })
        status = followed.status
        answer = `${answer} → ${status}`
      }
    } catch (error) {
      answer = error instanceof Error ? error.message : String(error)
    }
    delivery.tries.push({ at: options.now(), answer })
    const retries = retriesAfter(status)
    const done = delivery.tries.length
    delivery.outcome = retries === 0 ? (status !== null && status < 300 ? 'delivered' : 'given up') : done > retries ? 'given up' : 'waiting'
    delivery.dueAt = delivery.outcome === 'waiting' ? options.now() + (intervals[done - 1] ?? 210 * minute) * options.timeFactor : null
    store.touch()
  }

  const pump = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (closed) return
    const waiting = state.deliveries.filter(d => d.dueAt !== null)
    if (!faults.holdNotifications) {
      for (const delivery of waiting.filter(d => (d.dueAt ?? 0) <= options.now())) {
        delivery.dueAt = null
        const work = attempt(delivery).finally(() => {
          running.delete(work)
          pump()
        })
        running.add(work)
      }
    }
    const next = Math.min(...state.deliveries.flatMap(d => d.dueAt === null ? [] : [d.dueAt]))
    if (!Number.isFinite(next)) return
    timer = setTimeout(pump, Math.max(10, Math.min(next - options.now(), 60_000)))
    timer.unref()
  }

  const enqueue = (delivery: Delivery) => {
    if (faults.reorderNotifications > 0) {
      gathered.push({ ...delivery })
      if (gathered.length < faults.reorderNotifications) return
      faults.reorderNotifications = 0
      const at = options.now() + options.lagMs
      gathered.splice(0).reverse().forEach((late, i) => state.deliveries.push({ ...late, dueAt: at + i * 20 }))
      return
    }
    state.deliveries.push(delivery)
  }

  return {
    pump,
    send(transaction) {
      for (const url of transaction.notifyUrls.length ? transaction.notifyUrls : [options.defaultUrl]) {
        const make = (outcome: Delivery['outcome']): Delivery => ({ id: state.nextNumber++, transactionId: transaction.id, orderId: transaction.orderId, status: transaction.status, url, body: payload(transaction), dueAt: outcome === 'lost' ? null : options.now() + options.lagMs, tries: [], outcome })
        if (faults.loseNotifications > 0) {
          faults.loseNotifications -= 1
          state.deliveries.push(make('lost'))
          continue
        }
        enqueue(make('waiting'))
        if (faults.duplicateNotifications > 0) {
          faults.duplicateNotifications -= 1
          enqueue(make('waiting'))
        }
      }
      if (state.deliveries.length > 2000) state.deliveries.splice(0, state.deliveries.length - 2000)
      store.touch()
      pump()
    },
    resend(id) {
      const delivery = state.deliveries.find(d => d.id === id)
      if (!delivery) return
      Object.assign(delivery, { dueAt: options.now(), outcome: 'waiting' })
      pump()
    },
    async idle(milliseconds = 10_000) {
      const until = performance.now() + milliseconds
      while (running.size > 0 || state.deliveries.some(d => d.dueAt !== null)) {
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

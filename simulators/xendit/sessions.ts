import { randomUUID } from 'node:crypto'
import type { Persisted } from '../support/persist.ts'
import type { ReadSession, Refusal } from './requests.ts'
import { newId } from './state.ts'
import type { Channel, PaymentRequest, Session, XenditState } from './state.ts'

export interface Sessions {
  /** By session id, reference or page. */
  find(id: string): Session | undefined
  requestOf(session: Session): PaymentRequest | undefined
  create(input: ReadSession): Session | Refusal
  /** The buyer pays. Money for a lapsed or cancelled session is taken, too: its session stays as it is. */
  pay(session: Session, channel?: Channel): void
  /** A try that the bank refuses; the session can still be paid. */
  fail(session: Session, channel?: Channel): void
  expire(session: Session): void
  /** Null: done. */
  cancel(session: Session): Refusal | null
  /** Ends what is past its time. */
  sweep(): void
}

export function sessionBook(store: Persisted<XenditState>, options: { now: () => number, notify: (event: string, session: Session) => void }): Sessions {
  const { state } = store
  const change = (session: Session, status: Session['status']) => {
    session.status = status
    session.updatedAt = options.now()
    store.touch()
  }
  const addRequest = (session: Session, channel: Channel, status: PaymentRequest['status'], failureCode: string | null) => {
    const request: PaymentRequest = { id: `pr-${randomUUID()}`, paymentId: `py-${randomUUID()}`, sessionId: session.id, referenceId: session.referenceId, amount: session.amount, currency: session.currency, channel, status, updatedAt: options.now(), failureCode }
    state.paymentRequests.push(request)
    session.paymentRequestId = request.id
    store.touch()
  }
  const self: Sessions = {
    find: id => state.sessions.find(session => session.id === id || session.link === id) ?? state.sessions.findLast(session => session.referenceId === id),
    requestOf: session => state.paymentRequests.find(request => request.id === session.paymentRequestId),
    create({ customerReference, ...input }) {
      if (state.customers.includes(customerReference)) return { status: 409, error_code: 'DUPLICATE_ERROR', message: 'customer.reference_id is used already' }
      state.customers.push(customerReference)
      const at = options.now()
      const session: Session = { id: newId('ps'), link: newId('link'), ...input, status: 'ACTIVE', createdAt: at, updatedAt: at, customerId: `cust-${randomUUID()}`, paymentRequestId: null }
      state.sessions.push(session)
      store.touch()
      return session
    },
    pay(session, channel = 'QRIS') {
      if (self.requestOf(session)?.status === 'SUCCEEDED') return
      addRequest(session, channel, 'SUCCEEDED', null)
      const active = session.status === 'ACTIVE'
      if (active) change(session, 'COMPLETED')
      options.notify('payment.capture', session)
      if (active) options.notify('payment_session.completed', session)
    },
    fail(session, channel = 'CARDS') {
      if (session.status !== 'ACTIVE') return
      addRequest(session, channel, 'FAILED', 'INSUFFICIENT_BALANCE')
      options.notify('payment.failure', session)
    },
    expire(session) {
      if (session.status !== 'ACTIVE') return
      change(session, 'EXPIRED')
      options.notify('payment_session.expired', session)
    },
    cancel(session) {
      if (session.status !== 'ACTIVE') return { status: 400, error_code: 'INVALID_SESSION_STATUS', message: `the session is ${session.status}` }
      change(session, 'CANCELED')
      return null
    },
    sweep() {
      for (const session of state.sessions) if (session.status === 'ACTIVE' && session.expiresAt <= options.now()) self.expire(session)
    },
  }
  return self
}

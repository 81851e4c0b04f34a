import { setTimeout as pause } from 'node:timers/promises'
import type { Demo } from './demo.ts'

/** Asks again until the answer is what is waited for; fails with the last answer when `seconds` have passed. */
export async function until<T>(what: string, ask: () => Promise<T>, isIt: (answer: T) => boolean, seconds = 30): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (isIt(answer)) return answer
    if (performance.now() > end) throw new Error(`${what} did not come true within ${seconds} s; last: ${JSON.stringify(answer)?.slice(0, 2000)}`)
    await pause(150)
  }
}

/** A program that uses the API as its owner would: Bearer token, JSON in and out. */
export function apiClient(url: string, token?: string) {
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { method, headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const text = await response.text()
    // The shape is what the test asserts; it is not known here.
    return { status: response.status, body: (text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {}) as ReturnType<typeof JSON.parse> }
  }
  return {
    get: (path: string) => call('GET', path), post: (path: string, body: unknown = {}, headers?: Record<string, string>) => call('POST', path, body, headers), put: (path: string, body: unknown) => call('PUT', path, body), delete: (path: string) => call('DELETE', path),
  }
}

export async function logIn(demo: Demo, email: string, password = 'Gardu-demo-2026') {
  const answer = await apiClient(demo.url).post('/api/auth/login', { email, password })
  if (answer.status !== 200 || !answer.body.accessToken) throw new Error(`cannot log in as ${email}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return apiClient(demo.url, answer.body.accessToken as string)
}

interface Message { subject: string, text: string, to: string[] }
export const inboxOf = async (demo: Demo, to: string): Promise<Message[]> => ((await (await fetch(`${demo.controlUrl}/api/inbox?to=${encodeURIComponent(to)}`)).json()) as { messages: Message[] }).messages

/** The six digits of the newest mail that carries them. */
export const codeFor = async (demo: Demo, email: string): Promise<string> => {
  const found = await until(`a code for ${email}`, () => inboxOf(demo, email), messages => messages.some(m => /\b\d{6}\b/.test(m.text)))
  return /\b(\d{6})\b/.exec(found.find(m => /\b\d{6}\b/.test(m.text))?.text ?? '')?.[1] ?? ''
}

/** Does at the payment simulator what the buyer does at the bank. */
export async function atMidtrans(demo: Demo, vaNumber: string, action: 'pay' | 'expire' | 'fail' | 'reverse' | 'notify' = 'pay'): Promise<void> {
  const midtrans = demo.controlUrl.replace(/:(\d+)$/, (_, port: string) => `:${Number(port) + 2}`)
  const state = await (await fetch(`${demo.controlUrl}/state/midtrans`)).json() as { transactions: { id: string, details: unknown }[] }
  const transaction = state.transactions.find(t => JSON.stringify(t.details).includes(vaNumber))
  if (!transaction) throw new Error(`Midtrans knows no charge with ${vaNumber}`)
  await fetch(`${midtrans}/simulator/transactions/${transaction.id}/${action}`, { method: 'POST', redirect: 'manual' })
}

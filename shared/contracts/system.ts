import { z } from 'zod'
import { contract, instant } from './contract.ts'

const tag = 'system'
export const showOpenApi = contract({ method: 'GET', path: '/api/openapi.json', access: 'public', tag, summary: 'This document', produces: 'application/json' })
export const receiveMidtrans = contract({ method: 'POST', path: '/api/webhooks/midtrans', access: 'gateway', tag, summary: 'Midtrans HTTP notification: stored first, answered at once, worked on by a job', response: z.object({ received: z.literal(true) }) })
export const receiveXendit = contract({ method: 'POST', path: '/api/webhooks/xendit', access: 'gateway', tag, summary: 'Xendit webhook: proven by its callback token, stored first, worked on by a job', response: z.object({ received: z.literal(true) }) })
export const clockView = z.object({ now: instant, offsetSeconds: z.number().int() })
export const showDemoClock = contract({ method: 'GET', path: '/api/demo/clock', access: 'demo', tag, summary: 'Demo mode: the business clock', response: clockView })
export const advanceDemoClock = contract({ method: 'POST', path: '/api/demo/clock', access: 'demo', tag, summary: 'Demo mode: move the business clock forward by an ISO 8601 duration and run the billing calendar', body: z.object({ advance: z.string().regex(/^P(?=\d|T\d)(\d{1,4}D)?(T(\d{1,4}H)?(\d{1,4}M)?)?$/) }), response: clockView })

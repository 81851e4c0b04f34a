import { z } from 'zod'
import { deliveryErrors, deliveryStatuses, dunningReaches, pausers } from '#shared/vocabulary/outgoing-webhooks.ts'
import { contract, idParams, instant, listOf, pageQuery, uuid } from './contract.ts'

const tag = 'admin'
const access = 'sysadmin' as const
/** Where it may lead is checked by the server, which resolves the name. */
const url = z.url({ protocol: /^https?$/ }).max(500).refine(value => !value.includes('#') && !/^https?:\/\/[^/?]*@/i.test(value), 'webhook_url_shape')
export const webhookEndpointBody = z.object({ name: z.string().trim().min(2).max(60), url, money: z.boolean(), services: z.boolean(), dunning: z.enum(dunningReaches) })
  .refine(({ money, services, dunning }) => money || services || dunning !== 'none', { path: ['dunning'], message: 'webhook_tells_nothing' })
/** Its secret is never answered again. */
export const webhookEndpointView = z.object({
  id: uuid, name: z.string(), url: z.string(), money: z.boolean(), services: z.boolean(), dunning: z.enum(dunningReaches), /** Null: it is told of notices. */ pausedBy: z.enum(pausers).nullable(), /** Both secrets sign until then. */ previousSecretUntil: instant.nullable(),
  createdAt: instant, lastSuccessAt: instant.nullable(), lastFailureAt: instant.nullable(), failingSince: instant.nullable(), waiting: z.number().int(), dead: z.number().int(), /** Billing terms that name it. */ terms: z.array(z.string()),
})
const withSecret = z.object({ id: uuid, /** Shown this once. */ secret: z.string() })
const tested = z.object({ ok: z.boolean(), status: z.number().int().nullable(), error: z.enum(deliveryErrors).nullable(), answer: z.string(), milliseconds: z.number().int() })
export const webhookDeliveryView = z.object({
  id: uuid, endpointId: uuid, endpointName: z.string(), type: z.string(), clientName: z.string().nullable(), status: z.enum(deliveryStatuses), attempts: z.number().int(), createdAt: instant, lastAttemptAt: instant.nullable(), nextAttemptAt: instant.nullable(), deliveredAt: instant.nullable(),
  /** As it is sent; null before the first attempt. */ payload: z.string().nullable(), answeredStatus: z.number().int().nullable(), error: z.enum(deliveryErrors).nullable(), answer: z.string().nullable(),
})

export const listWebhookEndpoints = contract({ method: 'GET', path: '/api/admin/outgoing-webhooks', access, tag, summary: 'Outgoing webhooks: the endpoints that are told of notices', response: z.object({ items: z.array(webhookEndpointView) }) })
export const createWebhookEndpoint = contract({ method: 'POST', path: '/api/admin/outgoing-webhooks', access, tag, summary: 'Add a webhook endpoint; its secret is answered this once', body: webhookEndpointBody, response: withSecret })
export const updateWebhookEndpoint = contract({ method: 'PUT', path: '/api/admin/outgoing-webhooks/{id}', access, tag, summary: 'Change a webhook endpoint', params: idParams, body: webhookEndpointBody, status: 204 })
export const deleteWebhookEndpoint = contract({ method: 'DELETE', path: '/api/admin/outgoing-webhooks/{id}', access, tag, summary: 'Delete a webhook endpoint with its deliveries; billing terms stop naming it', params: idParams, status: 204 })
export const pauseWebhookEndpoint = contract({ method: 'PUT', path: '/api/admin/outgoing-webhooks/{id}/pause', access, tag, summary: 'Pause a webhook endpoint, or go on', params: idParams, body: z.object({ paused: z.boolean() }), status: 204 })
export const rotateWebhookSecret = contract({ method: 'POST', path: '/api/admin/outgoing-webhooks/{id}/secret', access, tag, summary: 'A new secret, answered this once; the old one signs beside it for a day', params: idParams, response: withSecret })
export const testWebhookEndpoint = contract({ method: 'POST', path: '/api/admin/outgoing-webhooks/{id}/test', access, tag, summary: 'Send a signed ping now', params: idParams, response: tested })
export const replayDeadDeliveries = contract({ method: 'POST', path: '/api/admin/outgoing-webhooks/{id}/replay', access, tag, summary: 'Send the dead deliveries of an endpoint again, at most a thousand at once', params: idParams, response: z.object({ replayed: z.number().int() }) })
export const listWebhookDeliveries = contract({ method: 'GET', path: '/api/admin/webhook-deliveries', access, tag, summary: 'Webhook deliveries, newest first', query: pageQuery.extend({ status: z.enum(deliveryStatuses).optional(), endpointId: uuid.optional() }), response: listOf(webhookDeliveryView) })
export const replayWebhookDelivery = contract({ method: 'POST', path: '/api/admin/webhook-deliveries/{id}/replay', access, tag, summary: 'Send a dead delivery again', params: idParams, status: 204 })

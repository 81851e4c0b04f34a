import { createEventStream, getHeader } from 'h3'
import { testConnection } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

/** JSON when all is known; with `Accept: text/event-stream` an event `step` for each step as it is done, then `done` with the whole. */
export default defineRoute(testConnection, async ({ app, actor, params, event }) => {
  if (!getHeader(event, 'accept')?.includes('text/event-stream')) return app.infrastructure.testConnection({ actor, id: params.id })
  await app.infrastructure.showConnection(params.id)
  const stream = createEventStream(event)
  const sent = stream.send()
  const result = await app.infrastructure.testConnection({ actor, id: params.id, onStep: step => stream.push({ event: 'step', data: JSON.stringify(step) }) })
  await stream.push({ event: 'done', data: JSON.stringify(result) })
  await stream.close()
  await sent
  return result
})

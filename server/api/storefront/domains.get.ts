import { createEventStream, getHeader } from 'h3'
import { checkDomains, domainResultView } from '#shared/contracts/storefront.ts'
import { viewOfResult } from '#server/domains/view.ts'
import { defineRoute } from '#server/platform/http.ts'

/** As a list, or with `Accept: text/event-stream` one `result` event for each name as it arrives, closed by `done`. */
export default defineRoute(checkDomains, async ({ app, query, event }) => {
  if (!getHeader(event, 'accept')?.includes('text/event-stream')) return { items: (await app.domains.checkDomains(query)).map(viewOfResult) }
  const stream = createEventStream(event)
  const sent: Promise<void>[] = []
  const checked = app.domains.checkDomains(query, (result, index, total) => {
    sent.push(stream.push({ event: 'result', data: JSON.stringify({ ...domainResultView.parse(viewOfResult(result)), index, total }) }))
  })
  // A visitor who leaves ends the stream; what is being asked still fills the cache.
  void checked.then(() => Promise.all(sent)).then(() => stream.push({ event: 'done', data: '{}' })).catch(() => {}).finally(() => stream.close())
  await stream.send()
  return { items: [] }
})

import { createEventStream, getHeader } from 'h3'
import type { H3Event } from 'h3'

/**
 * Work that is done in steps: answered as a whole, or, to who accepts `text/event-stream`, with an event `step` for each as it is done and `done` with
 * the whole. The stream begins with the first step, or when `begin` is called: what is thrown before is an answer as any other.
 */
export async function sendSteps<Step, Whole>(event: H3Event, work: (tell: { begin(): void, onStep(step: Step): Promise<void> }) => Promise<Whole>): Promise<Whole> {
  if (!getHeader(event, 'accept')?.includes('text/event-stream')) return work({ begin: () => undefined, onStep: () => Promise.resolve() })
  let open: { readonly stream: ReturnType<typeof createEventStream>, readonly sent: Promise<void> } | null = null
  const begin = () => {
    if (open) return open
    const stream = createEventStream(event)
    open = { stream, sent: stream.send() }
    return open
  }
  const result = await work({ begin: () => void begin(), onStep: step => begin().stream.push({ event: 'step', data: JSON.stringify(step) }) })
  const { stream, sent } = begin()
  await stream.push({ event: 'done', data: JSON.stringify(result) })
  await stream.close()
  await sent
  return result
}

import { setResponseHeader } from 'h3'
import type { H3Event } from 'h3'

/** Answers a file to be saved under its name; the name is made of our own numbers, never of what somebody typed. */
export function sendDocument<T extends Uint8Array | string>(event: H3Event, type: string, { name, content }: { readonly name: string, readonly content: T }): Buffer {
  setResponseHeader(event, 'content-type', type)
  setResponseHeader(event, 'content-disposition', `attachment; filename="${name}"`)
  return Buffer.from(content)
}

/** Sends text as it is made, as fast as it is taken: memory does not grow with it. */
export function streamOf(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await pieces.return(undefined)
    },
  })
}

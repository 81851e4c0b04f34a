import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setResponseHeader } from 'h3'
import type { H3Event } from 'h3'

/**
 * Sends a file piece by piece, as fast as the reader takes it: what is slow to be read is not gathered here. Once it has begun, a failure cuts
 * the connection, so that half a file is never taken for a whole one; a reader who went away is no failure.
 * @throws what failed before the first piece was there
 */
export async function sendDownload(event: H3Event, { name, type, content }: { readonly name: string, readonly type: string, readonly content: AsyncIterable<Uint8Array> }): Promise<void> {
  const pieces = content[Symbol.asyncIterator]()
  const first = await pieces.next()
  const whole = async function* () {
    if (first.done) return
    yield first.value
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value
  }
  setResponseHeader(event, 'content-type', type)
  setResponseHeader(event, 'content-disposition', `attachment; filename="${name}"`)
  try {
    await pipeline(Readable.from(whole(), { objectMode: false }), event.node.res)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  } finally {
    await pieces.return?.()
  }
}

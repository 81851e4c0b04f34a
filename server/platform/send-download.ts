import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setResponseHeader } from 'h3'
import type { H3Event } from 'h3'

/** A file to be saved. Its name is made of our own numbers and words, never of what somebody typed. */
interface Download<T> { readonly name: string, readonly type: string, readonly content: T }

function announce(event: H3Event, { name, type }: Omit<Download<unknown>, 'content'>): void {
  setResponseHeader(event, 'content-type', type)
  setResponseHeader(event, 'content-disposition', `attachment; filename="${name}"`)
}

/** Answers a file that we made. */
export function sendFile(event: H3Event, file: Download<Uint8Array | string>): Buffer {
  announce(event, file)
  return Buffer.from(file.content as Uint8Array)
}

/** Answers a file that somebody uploaded: never shown as a page of ours and never guessed to be another type. */
export function sendUploaded(event: H3Event, file: Download<Uint8Array>): Buffer {
  setResponseHeader(event, 'x-content-type-options', 'nosniff')
  setResponseHeader(event, 'content-security-policy', 'default-src \'none\'; sandbox')
  return sendFile(event, file)
}

/**
 * Sends a file piece by piece, as fast as the reader takes it: what is slow to be read is not gathered here. Once it has begun, a failure cuts
 * the connection, so that half a file is never taken for a whole one; a reader who went away is no failure.
 * @throws what failed before the first piece was there
 */
export async function sendStream(event: H3Event, { content, ...file }: Download<AsyncIterable<Uint8Array | string>>): Promise<void> {
  const pieces = content[Symbol.asyncIterator]()
  const first = await pieces.next()
  const whole = async function* () {
    if (first.done) return
    yield first.value
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value
  }
  announce(event, file)
  try {
    await pipeline(Readable.from(whole(), { objectMode: false }), event.node.res)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  } finally {
    await pieces.return?.()
  }
}

import { setResponseHeader } from 'h3'
import type { H3Event } from 'h3'

/** Answers a file that somebody uploaded: to be saved, never shown as a page of ours and never guessed to be another type. */
export function sendFile(event: H3Event, { name, type, content }: { readonly name: string, readonly type: string, readonly content: Uint8Array }): Buffer {
  setResponseHeader(event, 'content-type', type)
  setResponseHeader(event, 'content-disposition', `attachment; filename="${name}"`)
  setResponseHeader(event, 'x-content-type-options', 'nosniff')
  setResponseHeader(event, 'content-security-policy', 'default-src \'none\'; sandbox')
  return Buffer.from(content)
}

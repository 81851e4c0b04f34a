import { getHeader, setResponseHeader, setResponseStatus } from 'h3'
import type { H3Event } from 'h3'
import type { LocalPage } from './page-cache.ts'

/** What a replica adds by itself, and what belongs to one visitor, is not part of a shared page. */
const notKept = new Set(['set-cookie', 'date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding', 'x-request-id', 'etag', 'cache-control', 'vary', 'x-powered-by'])

/** The headers that are kept with a page; null when the response must not be shared. */
export function sharedHeaders(event: H3Event): Record<string, string> | null {
  const headers = event.node.res.getHeaders()
  if (event.node.res.statusCode !== 200 || headers['set-cookie'] !== undefined || !String(headers['content-type']).startsWith('text/html')) return null
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => value !== undefined && !notKept.has(name)).map(([name, value]) => [name, String(value)]))
}

/**
 * Answers a kept page: by its ETag with 304, compressed where the browser takes it. Browsers ask each time (the answer may change at any
 * moment), which costs one small request.
 */
export function sendCachedPage(event: H3Event, { page, plain, gzip }: LocalPage): Buffer | null {
  for (const [name, value] of Object.entries(page.headers)) setResponseHeader(event, name, value)
  setResponseHeader(event, 'cache-control', 'public, max-age=0, must-revalidate')
  setResponseHeader(event, 'vary', 'Accept-Encoding')
  setResponseHeader(event, 'etag', page.etag)
  if (getHeader(event, 'if-none-match')?.split(',').some(tag => tag.trim().replace(/^W\//, '') === page.etag)) {
    setResponseStatus(event, 304)
    return null
  }
  if (!/\bgzip\b/.test(getHeader(event, 'accept-encoding') ?? '')) return plain
  setResponseHeader(event, 'content-encoding', 'gzip')
  return gzip
}

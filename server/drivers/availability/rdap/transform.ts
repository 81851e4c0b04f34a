import type { AvailabilityAnswer, UnknownReason } from '#server/domains/ports.ts'
import { bootstrapFile, domainObject, errorObject } from './schema.ts'

/** Base address (ending in `/`) by top level. */
export type Bootstrap = Readonly<Record<string, string>>

/** @throws when the file is not a bootstrap file. */
export function readBootstrap(json: unknown): Bootstrap {
  const bases: Record<string, string> = {}
  for (const [tlds, addresses] of bootstrapFile.parse(json).services) {
    const usable = addresses.filter(address => URL.canParse(address) && /^https?:$/.test(new URL(address).protocol))
    const base = usable.find(address => address.startsWith('https:')) ?? usable[0]
    if (base) for (const tld of tlds) bases[tld.toLowerCase()] = base.endsWith('/') ? base : `${base}/`
  }
  if (Object.keys(bases).length === 0) throw new Error('the bootstrap file names no registry')
  return bases
}

/** The registry in charge: the longest entry that the name ends in. */
export function registryOf(name: string, bootstrap: Bootstrap): string | null {
  const labels = name.split('.')
  for (let from = 1; from < labels.length; from += 1) {
    const base = bootstrap[labels.slice(from).join('.')]
    if (base) return base
  }
  return null
}

export const unknown = (reason: UnknownReason): AvailabilityAnswer => ({ state: 'unknown', reason })

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * RFC 7480, section 5: 200 is a registered name, 404 an absent one. Both are believed only in RDAP's own form: a portal's HTML page, a JSON
 * of something else or another name leave the question open.
 */
export function readAnswer(name: string, reply: { readonly status: number, readonly contentType: string, readonly text: string }): AvailabilityAnswer {
  if (reply.status === 429) return unknown('registry_busy')
  if (reply.status === 200) {
    const found = domainObject.safeParse(json(reply.text))
    const same = found.success && (found.data.ldhName === undefined || found.data.ldhName.toLowerCase().replace(/\.$/, '') === name)
    return same ? { state: 'taken', reason: null } : unknown('registry_unclear')
  }
  if (reply.status !== 404) return unknown('registry_failed')
  if (reply.text.trim() === '') return { state: 'available', reason: null }
  const error = errorObject.safeParse(json(reply.text))
  return error.success && error.data.errorCode === 404 && !reply.contentType.includes('html') ? { state: 'available', reason: null } : unknown('registry_unclear')
}

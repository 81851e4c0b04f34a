import type { DomainNames, Tld } from './ports.ts'

export const nameProblems = ['empty', 'bad_characters', 'hyphen', 'too_long', 'label_missing', 'no_suffix', 'suffix_not_sold', 'idn_not_supported', 'premium_length'] as const
export type NameProblem = typeof nameProblems[number]

/** One name to look up, or why it cannot be. `name` is ASCII. */
export interface Candidate { readonly name: string, readonly suffix: string, readonly tld: Tld | null, readonly refusal: { readonly availability: 'invalid' | 'unsupported', readonly reason: NameProblem } | null }

const refuse = (name: string, suffix: string, tld: Tld | null, availability: 'invalid' | 'unsupported', reason: NameProblem): Candidate => ({ name, suffix, tld, refusal: { availability, reason } })

/** What people paste: an address with scheme, path, port, `www.` or a full stop at the end. */
export const bareHost = (text: string): string => text.trim().toLowerCase().replace(/^[a-z][a-z0-9+.-]*:\/\//, '').replace(/[/?#].*$/, '').replace(/:\d*$/, '').replace(/[.\u3002\uFF0E\uFF61]+$/, '').replace(/^www\.(?=.)/, '')

/** RFC 1034 letters, digits and hyphens; RFC 5891 keeps `--` in third place for `xn--`. */
export function labelProblem(label: string): NameProblem | null {
  if (label.length === 0) return 'label_missing'
  if (label.length > 63) return 'too_long'
  if (!/^[a-z0-9-]+$/.test(label)) return 'bad_characters'
  if (label.startsWith('-') || label.endsWith('-')) return 'hyphen'
  return label.slice(2, 4) === '--' && !label.startsWith('xn--') ? 'hyphen' : null
}

const underId = (suffix: string) => suffix === 'id' || suffix.endsWith('.id')

/** PANDI's rules that a registry's "not found" does not tell: names of two to four letters directly under .id are auctioned, and .id takes no IDN. */
function registryRule(label: string, suffix: string): NameProblem | null {
  if (underId(suffix) && label.startsWith('xn--')) return 'idn_not_supported'
  return suffix === 'id' && label.length < 5 ? 'premium_length' : null
}

function candidate(label: string, tld: Tld): Candidate {
  const name = `${label}.${tld.suffix}`
  if (name.length > 253) return refuse(name, tld.suffix, tld, 'invalid', 'too_long')
  const rule = registryRule(label, tld.suffix)
  return rule ? refuse(name, tld.suffix, tld, 'unsupported', rule) : { name, suffix: tld.suffix, tld, refusal: null }
}

/** The longest suffix on sale that the host ends in. */
const soldSuffix = (host: string, tlds: readonly Tld[]): Tld | undefined => tlds.filter(tld => host === tld.suffix || host.endsWith(`.${tld.suffix}`)).sort((a, b) => b.suffix.length - a.suffix.length)[0]

/** The label to register and the suffix that was typed, if one was. */
function split(host: string, tlds: readonly Tld[], names: DomainNames): { label: string, suffix: string | null } | NameProblem {
  if (tlds.some(tld => tld.suffix === host)) return 'label_missing'
  if (!host.includes('.')) return { label: host, suffix: null }
  // The registry's own structure wins over the price list: `contoh.ac.id` is not `ac` under .id.
  const publicSuffix = names.publicSuffix(host)
  const sold = soldSuffix(host, tlds)?.suffix ?? null
  const suffix = publicSuffix && sold ? (publicSuffix.length >= sold.length ? publicSuffix : sold) : publicSuffix ?? sold
  if (!suffix) return 'no_suffix'
  if (host === suffix) return 'label_missing'
  return { label: host.slice(0, -suffix.length - 1).split('.').at(-1) ?? '', suffix }
}

/**
 * What to look up for a text that a visitor typed: the exact name first, then the same label under every other suffix on sale. A text that
 * cannot be a name gives one candidate that says why.
 */
export function candidatesFor(text: string, tlds: readonly Tld[], names: DomainNames): Candidate[] {
  const typed = bareHost(text)
  if (!typed) return [refuse(text.trim(), '', null, 'invalid', 'empty')]
  const host = /\s/.test(typed) ? null : names.toAscii(typed)
  if (!host) return [refuse(typed, '', null, 'invalid', 'bad_characters')]
  const parts = split(host, tlds, names)
  if (typeof parts === 'string') return [refuse(host, '', null, 'invalid', parts)]
  const problem = labelProblem(parts.label)
  if (problem) return [refuse(host, parts.suffix ?? '', null, 'invalid', problem)]
  const all = tlds.map(tld => candidate(parts.label, tld))
  if (parts.suffix === null) return all
  const exact = all.find(found => found.suffix === parts.suffix) ?? refuse(`${parts.label}.${parts.suffix}`, parts.suffix, null, 'unsupported', 'suffix_not_sold')
  return [exact, ...all.filter(found => found !== exact)]
}

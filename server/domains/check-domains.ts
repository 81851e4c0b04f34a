import type { Money } from '#shared/money/money.ts'
import type { DomainAvailability } from '#shared/vocabulary/machines.ts'
import type { Clock } from '../kernel/ports.ts'
import { candidatesFor } from './name.ts'
import type { Candidate } from './name.ts'
import type { AnswerCache, AvailabilityAnswer, AvailabilityCheck, DomainNames, DomainStores } from './ports.ts'

export interface DomainResult {
  /** ASCII; `unicodeName` is how people write it. */
  readonly name: string, readonly unicodeName: string, readonly suffix: string, readonly availability: DomainAvailability
  readonly register: Money | null, readonly renew: Money | null, readonly requirement: { id: string, en: string } | null
  /** Why it is not a plain yes or no: a key of the page's texts. */
  readonly reason: string | null
  readonly checkedAt: Date | null
}

interface Deps { readonly read: DomainStores, readonly availability: AvailabilityCheck, readonly names: DomainNames, readonly cache: AnswerCache, readonly clock: Clock }

/** How long an answer may be shown again. What is not known is asked again soon, but not by every visitor at once. */
export const answerSeconds = { known: 60, unknown: 10 } as const

/**
 * Checks one label under every suffix on sale, all at once. `onResult` gets each result as it arrives (its place in the list with it);
 * the answer holds them all, the exact name first. A name is `available` only when its registry said so within the last minute.
 */
export const checkDomains = ({ read, availability, names, cache, clock }: Deps) => async (input: { readonly name: string }, onResult?: (result: DomainResult, index: number, total: number) => void): Promise<DomainResult[]> => {
  const tlds = await read.tldsOnSale.list()
  const candidates = candidatesFor(input.name, tlds, names)
  return Promise.all(candidates.map(async (candidate, index) => {
    const result = candidate.refusal ? show(candidate, names, candidate.refusal, null) : await lookUp(candidate)
    onResult?.(result, index, candidates.length)
    return result
  }))

  async function lookUp(candidate: Candidate): Promise<DomainResult> {
    const key = `domains:answer:${candidate.name}`
    const kept = readKept(await cache.get(key).catch(() => null))
    if (kept) return show(candidate, names, { availability: kept.answer.state, reason: kept.answer.reason }, new Date(kept.at))
    const answer = await availability.check(candidate.name)
    const at = clock.now()
    // A cache that is down costs the next visitor a question to the registry, and nothing else.
    await cache.set(key, JSON.stringify({ answer, at: at.toISOString() }), answer.state === 'unknown' ? answerSeconds.unknown : answerSeconds.known).catch(() => {})
    return show(candidate, names, { availability: answer.state, reason: answer.reason }, at)
  }
}

function readKept(text: string | null): { answer: AvailabilityAnswer, at: string } | null {
  return text ? JSON.parse(text) as { answer: AvailabilityAnswer, at: string } : null
}

const show = (candidate: Candidate, names: DomainNames, outcome: { availability: DomainAvailability, reason: string | null }, checkedAt: Date | null): DomainResult => ({
  name: candidate.name, unicodeName: names.toUnicode(candidate.name), suffix: candidate.suffix, availability: outcome.availability, reason: outcome.reason, checkedAt,
  register: candidate.tld?.register ?? null, renew: candidate.tld?.renew ?? null, requirement: candidate.tld?.requirement ?? null,
})

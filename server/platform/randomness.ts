import { createHmac, hkdfSync, randomBytes, randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { KeyedHash, Randomness } from '#server/identity/ports.ts'

// Crockford's letters: none that a person reads as another.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

export const cryptoRandomness: Randomness = {
  digits: count => Array.from({ length: count }, () => randomInt(10)).join(''),
  token: () => randomBytes(32).toString('base64url'),
  recoveryCode() {
    const letters = [...randomBytes(10)].map(byte => alphabet[byte % 32]).join('')
    return `${letters.slice(0, 5)}-${letters.slice(5)}`
  },
}

/** HMAC-SHA256 by keys derived from the encryption keys: the first makes hashes, all are tried when one is looked for. */
export function keyedHash(keys: readonly Buffer[]): KeyedHash {
  const derived = keys.map(key => Buffer.from(hkdfSync('sha256', key, '', 'gardu keyed hash', 32)))
  const make = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('base64url')
  return {
    of: (text) => {
      const [first] = derived
      if (!first) throw new RangeError('a keyed hash needs a key')
      return make(first, text)
    },
    candidates: text => derived.map(key => make(key, text)),
  }
}

/** Runs `work` and answers, or fails, not before `milliseconds` have passed. */
export async function atLeast<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const floor = pause(milliseconds)
  try {
    return await work()
  } finally {
    await floor
  }
}

import { add, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { ProofKind } from '#shared/vocabulary/transfers.ts'

const day = 86_400_000
/** How long a transfer can be made; a proof gives Finance as long again to find it on the statement. */
const openMilliseconds = 3 * day
/** Money that comes later than this after its attempt was made is no longer recognised by its code alone. */
export const codeMemoryDays = 30
export const largestCode = 999
export const mostProofs = 5

export const transferExpiry = (at: Date): Date => new Date(at.getTime() + openMilliseconds)
export const codesRememberedSince = (now: Date): Date => new Date(now.getTime() - codeMemoryDays * day)

/**
 * The code that is added to an amount, so that what reaches the bank says by itself whose it is: chosen at random among those that no
 * transfer of late has, or at least no open one. Null when every amount is taken.
 */
export function chooseCode(base: Money, taken: readonly { readonly amount: bigint, readonly open: boolean }[], random: (below: number) => number): { code: number, amount: Money } | null {
  const codes = Array.from({ length: largestCode }, (_, i) => i + 1)
  const freeOf = (those: typeof taken) => {
    const amounts = new Set(those.map(one => one.amount))
    return codes.filter(code => !amounts.has(base.amount + BigInt(code)))
  }
  const fresh = freeOf(taken)
  const free = fresh.length > 0 ? fresh : freeOf(taken.filter(one => one.open))
  const code = free[random(free.length)]
  return code === undefined ? null : { code, amount: add(base, money(code, base.currency)) }
}

const starts = (bytes: Uint8Array, signature: readonly number[]) => bytes.length > signature.length && signature.every((byte, i) => bytes[i] === byte)
/** What a file is by its content, whatever it calls itself; null for what is no proof. */
export function sniffProof(bytes: Uint8Array): ProofKind | null {
  if (starts(bytes, [0xff, 0xd8, 0xff])) return 'jpeg'
  if (starts(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png'
  return starts(bytes, [0x25, 0x50, 0x44, 0x46, 0x2d]) ? 'pdf' : null
}
export const mediaTypes: Readonly<Record<ProofKind, string>> = { jpeg: 'image/jpeg', png: 'image/png', pdf: 'application/pdf' }
export const extensions: Readonly<Record<ProofKind, string>> = { jpeg: 'jpg', png: 'png', pdf: 'pdf' }

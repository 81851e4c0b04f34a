import { randomBytes } from 'node:crypto'
import type { NewId } from '#server/kernel/ports.ts'

// One call to the system serves many ids.
let pool = Buffer.alloc(0)
let used = 0
function randomness(bytes: number): Buffer {
  if (used + bytes > pool.length) [pool, used] = [randomBytes(4_096), 0]
  used += bytes
  return pool.subarray(used - bytes, used)
}

/** UUIDv7 (RFC 9562): 48 bits of milliseconds, then randomness; ids made later sort later (per millisecond). */
export const uuidv7: NewId = () => {
  const bytes = randomness(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0F) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3F) | 0x80, 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Public SSH keys as OpenSSH writes them: `type base64 comment`. What stands inside is read, so that a cut or altered key is found here and not by whoever cannot log in. */

export const sshKeyTypes = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa', 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const
export type SshKeyType = typeof sshKeyTypes[number]
export interface SshKey { readonly type: SshKeyType, readonly bits: number, /** The part that is the key, in base64. */ readonly blob: string, readonly comment: string, /** One line, as it is handed to machines. */ readonly line: string }
export type SshKeyProblem = 'ssh_key_shape' | 'ssh_key_type' | 'ssh_key_short'

/** Of one client's account, and of one machine. */
export const mostSshKeys = 20
export const longestSshKey = 4000
const leastRsaBits = 2048

/** Fields of the wire format: four bytes of length, then so many bytes. Null: it does not add up. */
function fieldsOf(bytes: Uint8Array): Uint8Array[] | null {
  const fields: Uint8Array[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) return null
    const end = at + 4 + view.getUint32(at)
    if (end > bytes.length) return null
    fields.push(bytes.subarray(at + 4, end))
    at = end
  }
  return fields
}
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
function bytesOf(base64: string): Uint8Array | null {
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return null
  const digits = [...base64.replace(/=+$/, '')].map(letter => alphabet.indexOf(letter))
  return Uint8Array.from({ length: Math.floor(digits.length * 6 / 8) }, (_, at) => {
    const first = Math.floor(at * 8 / 6)
    const word = ((digits[first] ?? 0) << 12) | ((digits[first + 1] ?? 0) << 6) | (digits[first + 2] ?? 0)
    return (word >> (10 - (at * 8) % 6)) & 0xFF
  })
}
const textOf = (bytes: Uint8Array | undefined): string => String.fromCharCode(...bytes ?? [])
/** Of a positive number as SSH writes it: a leading zero byte only tells that it is positive. */
function bitsOf(number: Uint8Array): number {
  const first = number.findIndex(byte => byte !== 0)
  return first < 0 ? 0 : (number.length - first) * 8 - Math.clz32(number[first] as number) + 24
}

const curveBits: Readonly<Record<string, number>> = { nistp256: 256, nistp384: 384, nistp521: 521 }
/** An uncompressed point: a 4, then two numbers. */
const isPoint = (point: Uint8Array | undefined, bits: number): boolean => point?.[0] === 4 && point.length === 1 + 2 * Math.ceil(bits / 8)

const rsaBits = ([exponent, modulus, ...more]: readonly Uint8Array[]): number | null => exponent && modulus && more.length === 0 && bitsOf(exponent) >= 2 && (modulus[0] ?? 128) < 128 ? bitsOf(modulus) : null
function curveStrength(type: SshKeyType, [name, point, ...more]: readonly Uint8Array[]): number | null {
  const bits = curveBits[textOf(name)]
  return bits !== undefined && more.length === 0 && type.includes(textOf(name)) && isPoint(point, bits) ? bits : null
}
/** The strength of what a key carries, in bits; null: it is not what its type promises. Keys of security tokens end with the name of their application. */
function strengthOf(type: SshKeyType, [, ...fields]: readonly Uint8Array[]): number | null {
  const token = type.startsWith('sk-')
  if (token && !fields.at(-1)?.length) return null
  const own = token ? fields.slice(0, -1) : fields
  if (type === 'ssh-rsa') return rsaBits(own)
  if (type.includes('ed25519')) return own.length === 1 && own[0]?.length === 32 ? 256 : null
  return curveStrength(type, own)
}

/** One public key, its parts; or why it is none. Options before the type (`no-pty …`) are not taken: who logs in is not theirs to restrict here. */
export function parseSshKey(text: string): SshKey | SshKeyProblem {
  const found = /^([a-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+([^\r\n]*))?$/.exec(text.trim())
  if (!found || text.length > longestSshKey) return 'ssh_key_shape'
  const [, type = '', blob = '', told = ''] = found
  if (!(sshKeyTypes as readonly string[]).includes(type)) return 'ssh_key_type'
  const fields = fieldsOf(bytesOf(blob) ?? new Uint8Array([0]))
  if (!fields || textOf(fields[0]) !== type) return 'ssh_key_shape'
  const bits = strengthOf(type as SshKeyType, fields)
  if (bits === null) return 'ssh_key_shape'
  if (type === 'ssh-rsa' && bits < leastRsaBits) return 'ssh_key_short'
  const comment = told.trim()
  return { type: type as SshKeyType, bits, blob, comment, line: [type, blob, ...(comment ? [comment] : [])].join(' ') }
}

/** Several keys, one a line; empty lines count for nothing, and a key that stands twice counts once. Answers the first problem. */
export function parseSshKeys(text: string): SshKey[] | SshKeyProblem | 'ssh_keys_many' {
  const keys = new Map<string, SshKey>()
  for (const line of text.split(/\r?\n/)) {
    if (!line.trim()) continue
    const key = parseSshKey(line)
    if (typeof key === 'string') return key
    keys.set(key.blob, key)
  }
  return keys.size > mostSshKeys ? 'ssh_keys_many' : [...keys.values()]
}
/** As machines take them: one a line. */
export const joinSshKeys = (keys: readonly SshKey[]): string => keys.map(({ line }) => line).join('\n')

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { SecretBox } from '#server/kernel/ports.ts'

const keyId = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 8)

/**
 * AES-256-GCM: `v1.<key id>.<iv>.<ciphertext and tag>`, base64url. The first key seals; every key opens, so that a key can be rotated
 * (docs/operations/keys.md). `open` throws on an unknown key or a changed text.
 */
export function secretBox(keys: readonly Buffer[]): SecretBox {
  const [current] = keys
  if (!current || keys.some(key => key.length !== 32)) throw new RangeError('encryption keys are 32 bytes')
  return {
    seal(plain) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', current, iv)
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return ['v1', keyId(current), iv.toString('base64url'), sealed.toString('base64url')].join('.')
    },
    open(text) {
      const [version, id, iv, body] = text.split('.')
      const key = keys.find(candidate => keyId(candidate) === id)
      if (version !== 'v1' || !key || !iv || !body) throw new Error('sealed text of an unknown form or key')
      const sealed = Buffer.from(body, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
      decipher.setAuthTag(sealed.subarray(-16))
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString('utf8')
    },
  }
}

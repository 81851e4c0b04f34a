import { createCipheriv } from 'node:crypto'

const mirrored = (byte: number): number => Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)

/**
 * The answer to a challenge of VNC authentication (RFC 6143, 7.2.2): DES by the first eight bytes of the password, each with its bits turned
 * round. Three times the same key is simple DES, which OpenSSL 3 no longer offers by itself.
 */
export function answerChallenge(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  Buffer.from(password, 'latin1').copy(key, 0, 0, 8)
  const turned = Buffer.from(key.map(mirrored))
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([turned, turned, turned]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}

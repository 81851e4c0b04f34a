import { Scrypt } from '@adonisjs/hash/drivers/scrypt'

export interface Passwords { hash(plain: string): Promise<string>, verify(hash: string, plain: string): Promise<boolean> }

/**
 * The hash of nuxt-auth-utils (PHC string, scrypt), by the same library: the server hands in nuxt-auth-utils' own functions,
 * programs without Nitro (seed, tests) use this; a test shows that each reads the other's.
 */
export function scryptPasswords(): Passwords {
  const scrypt = new Scrypt({})
  return { hash: plain => scrypt.make(plain), verify: (hash, plain) => scrypt.verify(hash, plain) }
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256OfBase64 } from '#server/platform/compose/clients.ts'
import { fingerprintOf } from '#server/clients/ssh-keys.ts'
import { orderItemInput } from '#shared/contracts/storefront.ts'
import { joinSshKeys, parseSshKey, parseSshKeys } from '#shared/text/ssh-key.ts'
import type { SshKey } from '#shared/text/ssh-key.ts'

/** Made and fingerprinted by OpenSSH's own ssh-keygen. */
const made = [
  { line: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIChG1z85QbgF13DSrZ4IKrUeEJSwJv03KCVaAtg3dE4b budi@contoh (kantor)', bits: 256, fingerprint: 'SHA256:DpNMS0TLwFY3MwS6brixdoBSVNxWR+6cmIeK7lEGGN4' },
  { line: 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPgDkgcx3j256eQjcSIUeF1hLpTbg/UloNwUAUoZnctVB3PlcZr3baVayy0zOQBcB8oFTB3Xvf8CSjyLJ/c8akU= budi@contoh (kantor)', bits: 256, fingerprint: 'SHA256:N+UTKS+a/6/7B1SontolSLqyh0pc7iW26u4jh5HrhjQ' },
  { line: 'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBJf110PlDWIzRaiy8FAEMOKjhly8rRn7YDdwMrZM53/hOquPCdR7+1/eFjxlodU4POaPH4N31yJA2zQaasoP0R033XKSefksen2ihpsCFgUrJAQeWDsGXZn35H1tX0lDCg== budi@contoh (kantor)', bits: 384, fingerprint: 'SHA256:3R/M7OYwDuwyUKVpYXjDZnqt4opvuAlWBesRovJPSx0' },
  { line: 'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAG2YA74pT2YFYcz2T4mX00BIt+03Q7LhoBfd0tvGcw6gCqh0BFODGuYvqKytb2MoXQfTAi/ig5gNlCeaiiGUjYmbAGucbmt/UGR6SYdPWjJmBRIIUXHlv7EQgA2bFym1GLWW4qwq2qo26YhRjr/76+OeTP7RMv76NZ3Y1lbfebhOoBA+g== budi@contoh (kantor)', bits: 521, fingerprint: 'SHA256:YqA47aaeivX9iKrMc+Azxs4hruyG+gG9N1p0cOsEBqs' },
  { line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDPlsaJNaOnVH0e3YD/L2dEaW0ZOwuUtgNQwrUO9Py0H6Iy3f7S4WNqTnKfWlAv17pvgSfm1TfRTx8tWAIdEyCfJsOFkTAvbRJeL+18DppMVz6HujwckHidv/CGl0XgDmzSgLaziHG3LdgJPipM6ijl0Zivhv+BMcu2bIHtVdXAeLgMHwQJoc2ui2U6E//9SskiOwZ2tx0vd8pZ6o2qzleGuu4KDIG/tL93kflRzT0APQd/I34b5LNVUpb2Q/15OkfHFey13Cg3hmYKeSxjL+cDZJehEtA9294hI9GzQfpObVidVxrky50yIOK7/XgI5ZxzMT8E4+un5+npMYEytwpX budi@contoh (kantor)', bits: 2048, fingerprint: 'SHA256:h3axpr1ilbGhnC/ObJhBvzOd/tbkw6o/vjmR0aBBycg' },
] as const
const shortRsa = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC5nB13CB94uziLUwdo3FHgGFSDcSOrAyqEh5fTOAbGKZnYHq/aa+DEhMB2wfeK/q58vEhQEI9HhUyGJaq1B324f5ZgtDD8f9JlwH6LNEu66PGaQxkXOkmzZOqN50HaNl8fkhRaaFtBOWobzqCaFlkISbMdPb5/IHq/A0nNGwCp3w== budi@contoh (kantor)'

const field = (bytes: Uint8Array | string): Buffer => {
  const body = Buffer.from(bytes)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}
const lineOf = (type: string, ...fields: (Uint8Array | string)[]) => `${type} ${Buffer.concat([type, ...fields].map(field)).toString('base64')}`
const keyOf = (line: string): SshKey => {
  const key = parseSshKey(line)
  if (typeof key === 'string') throw new Error(key)
  return key
}

describe('public SSH keys', () => {
  it.each(made)('what ssh-keygen makes is read, with its strength and its fingerprint: $bits bits', ({ line, bits, fingerprint }) => {
    const key = keyOf(line)
    expect(key).toMatchObject({ bits, comment: 'budi@contoh (kantor)', line })
    expect(fingerprintOf(key.blob, sha256OfBase64)).toBe(fingerprint)
  })
  it('keys of security tokens are taken', () => {
    expect(parseSshKey(lineOf('sk-ssh-ed25519@openssh.com', new Uint8Array(32), 'ssh:'))).toMatchObject({ bits: 256 })
    expect(parseSshKey(lineOf('sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', new Uint8Array([4, ...new Uint8Array(64)]), 'ssh:'))).toMatchObject({ bits: 256 })
    expect(parseSshKey(lineOf('sk-ssh-ed25519@openssh.com', new Uint8Array(32)))).toBe('ssh_key_shape')
  })
  it('RSA below 2048 bits, DSA, private keys, options before the key and other text are told apart and refused', () => {
    expect(parseSshKey(shortRsa)).toBe('ssh_key_short')
    expect(parseSshKey('ssh-dss AAAAB3NzaC1kc3MAAACBAA== x')).toBe('ssh_key_type')
    for (const text of ['-----BEGIN OPENSSH PRIVATE KEY-----', `no-pty ${made[0].line}`, 'ssh-ed25519', 'ssh-ed25519 AAAA', '', made[0].line.replace('ssh-ed25519', 'ssh-rsa'), 'x'.repeat(5000)]) expect(['ssh_key_shape', 'ssh_key_type']).toContain(parseSshKey(text))
  })
  it('a key that lost or gained bytes is never taken for a key', () => {
    fc.assert(fc.property(fc.constantFrom(...made), fc.nat(), fc.boolean(), ({ line }, at, longer) => {
      const [type = '', blob = ''] = line.split(' ')
      const bytes = Buffer.from(blob, 'base64')
      const changed = longer ? Buffer.concat([bytes, Buffer.from([at % 256])]) : bytes.subarray(0, at % bytes.length)
      expect(parseSshKey(`${type} ${changed.toString('base64')}`)).toBe('ssh_key_shape')
    }))
  })
  it('no text at all throws, and what is taken is taken again as it was written', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map(text => `ssh-ed25519 ${text}`), fc.constantFrom(...made).chain(({ line }) => fc.string().map(text => `  ${line} ${text}`))), (text) => {
      const key = parseSshKey(text)
      if (typeof key !== 'string') expect(parseSshKey(key.line)).toEqual(key)
    }))
  })
  it('several keys stand one a line; the same key counts once; one wrong line spoils all; more than twenty are too many', () => {
    const lines = made.map(({ line }) => line)
    expect(parseSshKeys(`\r\n${lines.join('\r\n\n')}\n${lines[0]} again\n`)).toHaveLength(5)
    expect(parseSshKeys(`${lines.join('\n')}\nssh-ed25519 AAAA`)).toBe('ssh_key_shape')
    expect(parseSshKeys('')).toEqual([])
    const many = Array.from({ length: 21 }, (_, i) => lineOf('ssh-ed25519', new Uint8Array(32).fill(i)))
    expect(parseSshKeys(many.join('\n'))).toBe('ssh_keys_many')
    const keys = parseSshKeys(many.slice(1).join('\n'))
    expect(typeof keys === 'string' ? keys : joinSshKeys(keys)).toBe(many.slice(1).join('\n'))
  })
  it('an order takes several keys, one a line, and refuses a line that is no key', () => {
    const item = { productId: '0193a000-0000-7000-8000-000000000000', cycle: 'monthly', hostname: 'web.contoh.test', templateId: '0193a000-0000-7000-8000-000000000000' }
    expect(orderItemInput.parse({ ...item, sshKey: `${made[0].line}\r\n${made[1].line}\r\n` }).sshKey).toBe(`${made[0].line}\n${made[1].line}`)
    expect(orderItemInput.safeParse({ ...item, sshKey: `${made[0].line}\nbukan kunci` }).error?.issues[0]?.message).toBe('ssh_key_type')
    expect(orderItemInput.parse({ ...item, sshKey: '' }).sshKey).toBeNull()
  })
})

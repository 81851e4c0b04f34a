import { createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate { readonly key: string, readonly cert: string, /** SHA-256 of the certificate, `AA:BB:…`. */ readonly fingerprint: string }

const der = (tag: number, ...content: Buffer[]): Buffer => {
  const body = Buffer.concat(content)
  const size = body.length < 0x80 ? Buffer.from([body.length]) : body.length < 0x100 ? Buffer.from([0x81, body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 0xFF])
  return Buffer.concat([Buffer.from([tag]), size, body])
}
const sequence = (...content: Buffer[]) => der(0x30, ...content)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const text = (value: string) => der(0x0C, Buffer.from(value))
const utcTime = (date: Date) => der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
const bitString = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes)

/**
 * A self-signed X.509 v3 certificate (EC P-256, SHA-256) for loopback, as a freshly installed appliance has one: node itself makes keys
 * and signatures but no certificates, so the few DER fields of RFC 5280 section 4.1 are written here.
 */
export function selfSignedCertificate(commonName: string, now: Date = new Date()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(oid('2A8648CE3D040302'))
  const name = sequence(der(0x31, sequence(oid('55040A'), text('Gardu simulator'))), der(0x31, sequence(oid('550403'), text(commonName))))
  const serial = randomBytes(16)
  // Positive and without a leading zero byte, as DER integers must be.
  serial[0] = (serial[0] ?? 0) & 0x7F | 0x40
  const years = (count: number) => new Date(Date.UTC(now.getUTCFullYear() + count, now.getUTCMonth(), now.getUTCDate()))
  const alternativeNames = sequence(der(0x82, Buffer.from('localhost')), der(0x82, Buffer.from(commonName)), der(0x87, Buffer.from([127, 0, 0, 1])))
  const toBeSigned = sequence(
    der(0xA0, der(0x02, Buffer.from([2]))), der(0x02, serial), ecdsaWithSha256, name, sequence(utcTime(years(-1)), utcTime(years(10))), name,
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' }),
    der(0xA3, sequence(sequence(oid('551D11'), der(0x04, alternativeNames)))),
  )
  const raw = sequence(toBeSigned, ecdsaWithSha256, bitString(sign('sha256', toBeSigned, privateKey)))
  const cert = new X509Certificate(raw)
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: cert.toString(), fingerprint: cert.fingerprint256 }
}

/** The certificate of a data directory, made at the first start: a pinned fingerprint stays true over restarts. */
export function keptCertificate(dataDir: string | undefined, commonName: string): Certificate {
  if (!dataDir) return selfSignedCertificate(commonName)
  const file = join(dataDir, 'certificate.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Certificate
  mkdirSync(dataDir, { recursive: true })
  const made = selfSignedCertificate(commonName)
  writeFileSync(file, JSON.stringify(made, null, 1), { mode: 0o600 })
  return made
}

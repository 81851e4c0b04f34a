import pino from 'pino'
import type { DestinationStream, Logger } from 'pino'

/** Names of fields that never reach a log line, at any depth up to three. */
const secretFields = ['password', 'passwordHash', 'token', 'tokenSecret', 'accessToken', 'refreshToken', 'authorization', 'cookie', 'secret', 'totpSecret', 'code', 'serverKey', 'signature_key', 'set-cookie', 'x-callback-token']
const paths = secretFields.flatMap(field => ['', '*.', '*.*.'].map(depth => field.includes('-') ? `${depth.slice(0, -1)}["${field}"]` : `${depth}${field}`))

export const createLogger = (level: string, destination?: DestinationStream): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '[redacted]' } }, destination ?? pino.destination({ fd: 1, sync: false }))

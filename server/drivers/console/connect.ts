import WebSocket from 'ws'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { ConnectConsole, ConsoleTarget } from '#server/infrastructure/ports.ts'
import { ConnectFailure, dial, resolveHost } from '../http.ts'
import { trustOf } from '../reach.ts'
import { streamOf } from './stream.ts'
import type { Stream } from './stream.ts'
import { answerChallenge } from './vnc-auth.ts'

const patience = 8_000
/** More than any hypervisor sends in one piece; a whole screen comes in many. */
const maxPayload = 4 * 1_048_576

async function openStream(target: ConsoleTarget, gone: (why: string) => DriverError): Promise<Stream> {
  const url = new URL(target.url)
  const secure = url.protocol === 'wss:'
  const tcp = await dial(url.hostname.replace(/^\[|\]$/g, ''), Number(url.port) || (secure ? 443 : 80), { resolve: resolveHost, trust: secure ? target.tls.mode === 'thumbprint' ? target.tls : trustOf(target.label, target.tls) : null, milliseconds: patience })
  // Proxmox drops whoever offers compression or sends in fragments.
  const socket = new WebSocket(url, [...target.protocols], { perMessageDeflate: false, followRedirects: false, headers: { ...target.headers }, handshakeTimeout: patience, maxPayload, createConnection: (() => tcp) as never })
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      tcp.destroy()
      reject(error)
    }
    socket.once('error', fail)
    socket.once('unexpected-response', (_, reply) => {
      // 401 and 403: our ticket or right is not accepted. The answer's text may hold the address: only its number goes on.
      const refused = reply.statusCode === 401 || reply.statusCode === 403
      fail(new DriverError(refused ? 'action_required' : 'retryable', `${target.label}: the console was refused (status ${reply.statusCode})`, refused ? { who: 'sysadmin' } : {}))
      reply.destroy()
    })
    socket.once('open', () => {
      socket.off('error', fail)
      socket.removeAllListeners('unexpected-response')
      // At once: the hypervisor speaks first.
      resolve(streamOf(socket, gone, maxPayload))
    })
  })
}

/** RFB 3.8 as far as the result of the VNC authentication. */
async function proveUs({ line, read }: Stream, { label, password }: ConsoleTarget): Promise<void> {
  const no = (what: string) => new DriverError('permanent', `${label}: ${what}`)
  const version = (await read(12)).toString('latin1')
  if (!/^RFB 003\.0(0[378]|889)\n$/.test(version)) throw no('the console does not speak RFB')
  if (!/008|889/.test(version)) throw no('the console speaks an RFB older than 3.8')
  line.send(Buffer.from('RFB 003.008\n', 'latin1'))
  const types = [...await read((await read(1))[0] ?? 0)]
  // 2: VNC authentication; 1: none, where the ticket of the address was the proof.
  const type = types.includes(2) ? 2 : types.includes(1) ? 1 : null
  if (type === null) throw no(types.length === 0 ? 'the console refused the connection' : 'the console asks for an authentication that is not known')
  line.send(Buffer.from([type]))
  if (type === 2) line.send(answerChallenge(await read(16), password))
  if ((await read(4)).readUInt32BE() !== 0) throw new DriverError('action_required', `${label}: the console did not accept its own ticket`, { who: 'sysadmin' })
}

/** Consoles over websockets, as Proxmox and QEMU offer them. Guarantees: see the port. */
export const connectConsole: ConnectConsole = async (target) => {
  const gone = (why: string) => new DriverError('retryable', `${target.label}: ${why}`)
  let stream: Stream
  try {
    stream = await openStream(target, gone)
  } catch (error) {
    if (error instanceof DriverError) throw error
    if (error instanceof ConnectFailure && error.step === 'tls') throw new DriverError('action_required', `${target.label}: ${error.message}`, { who: 'sysadmin', cause: error })
    throw gone(`no console (${error instanceof ConnectFailure ? error.message : 'the connection broke'})`)
  }
  let late = false
  const timer = setTimeout(() => {
    late = true
    stream.cut()
  }, patience)
  try {
    await proveUs(stream, target)
  } catch (error) {
    stream.cut()
    throw late ? gone('the console did not answer in time') : error
  } finally {
    clearTimeout(timer)
  }
  stream.flow()
  return stream.line
}

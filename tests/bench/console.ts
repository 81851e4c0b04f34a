import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import WebSocket, { WebSocketServer } from 'ws'
import pino from 'pino'
import { connectConsole } from '#server/drivers/console/connect.ts'
import { consoleRelay } from '#server/platform/console-relay.ts'
import { memoryKeyValue } from '#server/platform/kv.ts'
import { memoryLiveBus } from '#server/platform/live.ts'
import { median } from './measure.ts'
import type { Line } from './measure.ts'

/** A picture's piece as QEMU sends them. */
const frame = Buffer.alloc(16_384, 7)
const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port

/** A hypervisor without authentication that answers each key by a frame. */
async function startScreens() {
  const screens = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await new Promise(resolve => screens.once('listening', resolve))
  screens.on('connection', (socket) => {
    let step = 0
    socket.send(Buffer.from('RFB 003.008\n'))
    socket.on('message', () => {
      step++
      if (step === 1) socket.send(Buffer.from([1, 1]))
      else if (step === 2) socket.send(Buffer.alloc(4))
      else socket.send(frame)
    })
  })
  return screens
}

/** Opens one viewer and shakes hands: version, type, then the frame that answers its first word. */
const openOne = (url: string, protocols: string[]) => new Promise<WebSocket>((resolve, reject) => {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false, origin: 'http://localhost:3000' })
  let seen = 0
  socket.on('error', reject)
  socket.on('message', function hands(data: Buffer) {
    seen += data.length
    if (seen === 12) socket.send(Buffer.from('RFB 003.008\n'))
    if (seen === 14) socket.send(Buffer.from([1]))
    if (seen === 18) socket.send(Buffer.from([1]))
    if (seen < 18 + frame.length) return
    socket.off('message', hands)
    resolve(socket)
  })
})

/** From a key to its frame, so many times, as fast as a person types: not all at the same moment. */
async function trips(socket: WebSocket, count: number): Promise<number[]> {
  const took: number[] = []
  for (let n = 0; n < count; n++) {
    const begun = performance.now()
    const answer = new Promise<void>((resolve) => {
      let bytes = 0
      socket.on('message', function piece(data: Buffer) {
        bytes += data.length
        if (bytes < frame.length) return
        socket.off('message', piece)
        resolve()
      })
    })
    socket.send(Buffer.from([4, 1, 0, 0, 0, 0, 0, 97]))
    await answer
    took.push(performance.now() - begun)
    await new Promise(resolve => setTimeout(resolve, 50 + Math.random() * 100))
  }
  return took
}

/** What the relay adds to a frame while it holds so many consoles, a tenth of which type. */
export async function benchConsole(sessions: number): Promise<Line[]> {
  const screens = await startScreens()
  const direct = `ws://127.0.0.1:${port(screens)}`
  const line = () => connectConsole({ label: 'bench', url: direct, headers: {}, protocols: [], tls: { mode: 'system', caPem: null, fingerprint: null }, password: '' })
  const relay = consoleRelay({
    baseUrl: 'http://localhost:3000', kv: memoryKeyValue(), live: memoryLiveBus(), log: pino({ level: 'silent' }),
    takeTicket: async ticket => ({ serviceId: ticket, sessionId: ticket, staff: false, actor: { kind: 'user', id: ticket, name: '', role: 'client' } }), open: async () => ({ line: await line() }),
    standings: async ids => new Map(ids.map(id => [id, { status: 'active', resourceStatus: 'ready' }])), sessionHolder: async id => ({ userId: id, role: 'client' }),
  })
  const server = createServer().on('upgrade', relay.upgrade)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const viewers: WebSocket[] = []
  for (let n = 0; n < sessions; n++) viewers.push(await openOne(`ws://127.0.0.1:${port(server)}/api/console`, ['binary', `ticket.${n}`]))
  const busy = viewers.slice(0, Math.ceil(sessions / 10))
  const relayed = (await Promise.all(busy.map(viewer => trips(viewer, 30)))).flat()
  const held = relay.count()
  relay.close()
  for (const viewer of viewers) viewer.terminate()
  const straight: WebSocket[] = []
  for (let n = 0; n < busy.length; n++) straight.push(await openOne(direct, []))
  const alone = (await Promise.all(straight.map(viewer => trips(viewer, 30)))).flat()
  for (const viewer of straight) viewer.terminate()
  await Promise.all([new Promise(resolve => server.close(resolve)), new Promise(resolve => screens.close(resolve))])
  return [
    { name: 'console relay: added to a frame of 16 KiB', value: median(relayed) - median(alone), unit: ' ms', atMost: 5, note: `${median(relayed).toFixed(1)} and ${median(alone).toFixed(1)} ms, ${busy.length} of ${held} consoles type` },
    { name: 'console relay: consoles that were not held', value: sessions - held, unit: '', atMost: 0, note: `${held} of ${sessions}` },
  ]
}

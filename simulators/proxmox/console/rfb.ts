import { createCipheriv, randomBytes } from 'node:crypto'
import type { WebSocket } from 'ws'
import { drawLine, height, lines, width } from './screen.ts'
import type { PixelShifts } from './screen.ts'
import type { Terminal } from './terminal.ts'

/** VNC authentication: DES with a key whose bits stand the other way round in each byte. Three times the same key is simple DES. */
export function vncResponse(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  Buffer.from(password, 'latin1').copy(key, 0, 0, 8)
  for (let i = 0; i < 8; i++) key[i] = Number.parseInt((key[i] ?? 0).toString(2).padStart(8, '0').split('').reverse().join(''), 2)
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}

const u16 = (value: number) => Buffer.from([value >> 8, value & 255])
const u32 = (value: number) => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255])
const largest = 100_000

/** RFB 3.8 as QEMU speaks it: VNC authentication, Raw updates of what changed, keys and pointer taken. Lives as long as the socket. */
export function serveRfb(socket: WebSocket, { password, screen, name }: { readonly password: string, readonly screen: Terminal, readonly name: string }): void {
  let bytes = Buffer.alloc(0)
  let shifts: PixelShifts = { red: 16, green: 8, blue: 0 }
  let wanted = false
  let shown: readonly string[] = []
  const send = (...parts: Buffer[]) => socket.readyState === 1 && socket.send(Buffer.concat(parts))
  const challenge = randomBytes(16)
  let stage: 'version' | 'security' | 'proof' | 'init' | 'running' = 'version'

  const update = (rows: readonly string[], which: readonly number[]) => {
    wanted = false
    shown = rows
    send(Buffer.from([0, 0]), u16(which.length), ...which.flatMap(row => [u16(0), u16(row * height / lines), u16(width), u16(height / lines), u32(0), drawLine(rows[row] ?? '', row === 0, shifts)]))
  }
  const tell = () => {
    if (!wanted) return
    const rows = screen.rows()
    const changed = rows.flatMap((line, row) => line === shown[row] ? [] : [row])
    if (changed.length > 0) update(rows, changed)
  }
  const stop = screen.watch(tell)
  const refuse = (why: string) => {
    send(u32(1), u32(why.length), Buffer.from(why))
    socket.close()
  }

  const messages: Record<number, (at: Buffer) => number | null> = {
    0: (at) => {
      if (at.length < 20) return null
      if (at[4] !== 32) socket.close(1003)
      shifts = { red: at[14] ?? 16, green: at[15] ?? 8, blue: at[16] ?? 0 }
      return 20
    },
    2: at => at.length < 4 || at.length < 4 + at.readUInt16BE(2) * 4 ? null : 4 + at.readUInt16BE(2) * 4,
    3: (at) => {
      if (at.length < 10) return null
      wanted = true
      if (at[1] === 0) update(screen.rows(), Array.from({ length: lines }, (_, row) => row))
      else tell()
      return 10
    },
    4: (at) => {
      if (at.length < 8) return null
      screen.key(at.readUInt32BE(4), at[1] === 1)
      return 8
    },
    5: at => at.length < 6 ? null : 6,
    6: at => at.length < 8 || at.length < 8 + Math.abs(at.readInt32BE(4)) ? null : 8 + Math.abs(at.readInt32BE(4)),
  }
  /** Takes one message off the front; null: it is not whole yet. */
  const step = (): number | null => {
    switch (stage) {
      case 'version':
        if (bytes.length < 12) return null
        stage = 'security'
        send(Buffer.from([1, 2]))
        return 12
      case 'security':
        if (bytes.length < 1) return null
        if (bytes[0] !== 2) refuse('unknown security type')
        stage = 'proof'
        send(challenge)
        return 1
      case 'proof':
        if (bytes.length < 16) return null
        if (!bytes.subarray(0, 16).equals(vncResponse(challenge, password))) {
          refuse('Authentication failed')
        } else {
          stage = 'init'
          send(u32(0))
        }
        return 16
      case 'init':
        if (bytes.length < 1) return null
        stage = 'running'
        send(u16(width), u16(height), Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, shifts.red, shifts.green, shifts.blue, 0, 0, 0]), u32(name.length), Buffer.from(name))
        return 1
      case 'running': {
        const take = messages[bytes[0] ?? 0]
        if (bytes.length === 0) return null
        if (take) return take(bytes)
        socket.close(1003, 'unknown message')
        return null
      }
    }
  }
  socket.on('message', (data: Buffer, binary: boolean) => {
    if (!binary) return socket.close(1003)
    bytes = Buffer.concat([bytes, data])
    if (bytes.length > largest) return socket.close(1009)
    for (let used = step(); used !== null && socket.readyState === 1; used = step()) bytes = bytes.subarray(used)
  })
  socket.once('close', stop)
  socket.on('error', () => socket.terminate())
  send(Buffer.from('RFB 003.008\n'))
}

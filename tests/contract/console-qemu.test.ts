import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectConsole } from '#server/drivers/console/connect.ts'
import { freePort } from '../../scripts/components.ts'
import { failureOf, kindOf } from './hypervisor.bench.ts'

/** A real QEMU, as Proxmox runs one: its own VNC server behind its own websocket. */
describe('consoles of a real QEMU', () => {
  let machine: ChildProcess
  let url = ''
  const target = (password: string) => ({ label: 'QEMU', url, headers: {}, protocols: ['binary'], tls: { mode: 'system' as const, caPem: null, fingerprint: null }, password })
  beforeAll(async () => {
    const [vnc, websocket] = [await freePort(), await freePort()]
    url = `ws://127.0.0.1:${websocket}/`
    machine = spawn(process.env.GARDU_TEST_QEMU ?? 'qemu-system-x86_64', ['-M', 'pc', '-accel', 'tcg', '-m', '64', '-display', 'none', '-serial', 'none', '-monitor', 'none', '-object', 'secret,id=vncpw,data=s3cretpw', '-vnc', `127.0.0.1:${vnc - 5900},password-secret=vncpw,websocket=${websocket}`], { stdio: 'ignore' })
    await vi.waitFor(async () => (await connectConsole(target('s3cretpw'))).close(), { timeout: 30_000, interval: 200 })
  })
  afterAll(() => void machine?.kill('SIGKILL'))

  it('the right password shows the screen: its size, its name, and pictures when they are asked for', async () => {
    const line = await connectConsole(target('s3cretpw'))
    let seen = Buffer.alloc(0)
    line.onData((data) => {
      seen = Buffer.concat([seen, data])
    })
    line.send(Buffer.from([1]))
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(24)
    const [width, height] = [seen.readUInt16BE(0), seen.readUInt16BE(2)]
    expect(seen.subarray(24).toString('latin1')).toContain('QEMU')
    const ask = Buffer.alloc(10)
    ask[0] = 3
    ask.writeUInt16BE(width, 6)
    ask.writeUInt16BE(height, 8)
    line.send(ask)
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(100_000)
    line.close()
  })
  it('a wrong password shows nothing, and it is not in the message', async () => {
    expect(await kindOf(connectConsole(target('salahsa1')))).toBe('action_required')
    expect((await failureOf(connectConsole(target('salahsa1')))).message).not.toContain('salahsa1')
  })
  it('the machine ends: the line says so', async () => {
    const line = await connectConsole(target('s3cretpw'))
    const closed = new Promise<string>(resolve => line.onClose(() => resolve('closed')))
    machine.kill('SIGKILL')
    expect(await closed).toBe('closed')
    expect(await kindOf(connectConsole(target('s3cretpw')))).toBe('retryable')
  })
})

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** The built demo as a person starts it (`npm run demo`), on free ports and with a data folder of its own. */
export interface Demo { readonly url: string, readonly controlUrl: string, readonly dataDir: string, readonly output: () => string, stop(signal?: NodeJS.Signals): Promise<number | null>, restart(): Promise<Demo> }

/** A run of free ports in a row: the simulators stand side by side. Below those that the system lends to whoever connects, so that none is gone until the demo listens. */
async function freePorts(count: number): Promise<number> {
  const listen = (port: number) => new Promise<ReturnType<typeof createServer> | null>((resolve) => {
    const server = createServer().once('error', () => resolve(null)).listen(port, '127.0.0.1', () => resolve(server))
  })
  for (;;) {
    const base = randomInt(20_000, 32_000)
    const all = await Promise.all(Array.from({ length: count }, (_, i) => listen(base + i)))
    await Promise.all(all.map(server => new Promise(resolve => server ? server.close(resolve) : resolve(null))))
    if (all.every(Boolean)) return base
  }
}

export async function startDemo(options: { dataDir?: string, env?: Record<string, string> } = {}): Promise<Demo> {
  if (!existsSync('.output/server/index.mjs')) throw new Error('the product is not built: npm run build')
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'gardu-demo-'))
  const base = await freePorts(10)
  const url = `http://localhost:${base}`
  let output = ''
  const child: ChildProcess = spawn(process.execPath, ['scripts/demo.ts'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PORT: String(base), HOST: 'localhost', GARDU_SIMULATOR_PORT: String(base + 1), GARDU_DATA_DIR: dataDir, ...options.env } })
  child.stdout?.on('data', chunk => output += chunk)
  child.stderr?.on('data', chunk => output += chunk)
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const until = performance.now() + 90_000
  for (;;) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`the demo did not start:\n${output}`)
    const ready = await fetch(`${url}/ready`).catch(() => null)
    if (ready?.ok) break
    await pause(100)
  }
  return {
    url, controlUrl: `http://127.0.0.1:${base + 1}`, dataDir, output: () => output,
    async stop(signal = 'SIGINT') {
      child.kill(signal)
      const code = await ended
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true })
      return code
    },
    async restart() {
      child.kill('SIGINT')
      await ended
      return startDemo({ ...options, dataDir })
    },
  }
}

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import autocannon from 'autocannon'

/** One line of the report: what was measured, and the bound it is held to (none: only told). */
export interface Line { readonly name: string, readonly value: number, readonly unit: string, readonly atLeast?: number, readonly atMost?: number, readonly note?: string }

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const spread = (values: readonly number[]) => `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`

/** Requests per second, median of five short runs after a warm-up; every answer must be 2xx. */
export async function rate(url: string, options: Partial<autocannon.Options> = {}): Promise<{ perSecond: number, p99: number, spread: string }> {
  const run = (duration: number) => autocannon({ url, connections: 20, duration, ...options })
  await run(2)
  const results = []
  for (let i = 0; i < 5; i++) {
    const result = await run(3)
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${url}: ${result.non2xx} answers were not 2xx, ${result.errors} errors`)
    results.push(result)
  }
  const rates = results.map(result => result.requests.average)
  return { perSecond: median(rates), p99: median(results.map(result => result.latency.p99)), spread: spread(rates) }
}

export interface Server { readonly url: string, readonly process: ChildProcess, readonly startedMilliseconds: number, stop(): Promise<void> }

export async function startServer(entry: string, port: number, env: Record<string, string>, readyPath: string): Promise<Server> {
  const started = performance.now()
  let output = ''
  const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env, PORT: String(port), NITRO_PORT: String(port), HOST: '127.0.0.1', NITRO_HOST: '127.0.0.1', NODE_ENV: 'production' } })
  child.stdout.on('data', chunk => output += chunk)
  child.stderr.on('data', chunk => output += chunk)
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null || performance.now() - started > 60_000) throw new Error(`${entry} did not start:\n${output.slice(-3000)}`)
    if ((await fetch(url + readyPath).catch(() => null))?.ok) break
    await pause(25)
  }
  return {
    url, process: child, startedMilliseconds: performance.now() - started,
    async stop() {
      const ended = new Promise(resolve => child.once('close', resolve))
      child.kill('SIGTERM')
      await Promise.race([ended, pause(30_000).then(() => child.kill('SIGKILL'))])
    },
  }
}

/** Resident memory in MB, as the kernel counts it. */
export function residentMegabytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

export interface MostMemory { /** What is alive after a collection, at most; resident memory also holds what the engine has not cared to collect. */ readonly liveMegabytes: number, readonly residentMegabytes: number }

/** Looks every second at the memory of this process, until it is stopped; the most that it saw. */
export function watchMemory(): { stop(): MostMemory } {
  let [live, resident] = [0, 0]
  const look = () => {
    resident = Math.max(resident, process.memoryUsage.rss())
    collect()
    const { heapUsed, external } = process.memoryUsage()
    live = Math.max(live, heapUsed + external)
  }
  const watch = setInterval(look, 1000)
  return {
    stop() {
      clearInterval(watch)
      look()
      return { liveMegabytes: live / 1e6, residentMegabytes: resident / 1e6 }
    },
  }
}

/** Whether a line keeps its bound; it is told at once, so that a run which breaks off later has not measured for nothing. */
export function report({ name, value, unit, atLeast, atMost, note }: Line): boolean {
  const bound = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : ''
  const holds = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
  console.log(`${bound ? (holds ? 'ok  ' : 'MISS') : '    '} ${name.padEnd(64)} ${value.toFixed(value < 10 ? 2 : 0).padStart(8)} ${unit.padEnd(5)} ${bound.padEnd(8)} ${note ?? ''}`)
  return holds
}

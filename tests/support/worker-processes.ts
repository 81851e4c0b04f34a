import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { leaseSeconds } from '#server/provisioning/run-saga.ts'
import type { SagaDefinition } from '#server/provisioning/step.ts'
import type { TestApp } from './app.ts'

export type ToWorker = { readonly wall: number }
export type FromWorker = { readonly point: string, readonly over: boolean, readonly wall: number } | { readonly idle: true, readonly wall: number }
/** Where a worker stands: its how-manieth point, what it is, and whether its task is done. */
export interface Point { readonly count: number, readonly name: string, readonly over: boolean }
/** `die`: by SIGKILL. `hang`: by SIGSTOP, until it is woken. */
export type Fate = 'go' | 'die' | 'hang'

/** What is drawn differs from run to run; `GARDU_TEST_SEED` repeats one. */
export const drawnSeed = (): number => Number(process.env.GARDU_TEST_SEED ?? Math.floor(Math.random() * 1e9))
/** Where the workers of one task die, one after the other: at the first point, at one in the middle (each step has two at least), and after all is done. */
export const deathsOf = ({ steps }: Pick<SagaDefinition, 'steps'>, seed: number): readonly (number | 'last')[] => [0, 1 + seed % (2 * steps.length - 1), 'last']

/** One file instead of two thousand: a worker is there in half a second instead of four. Without a bundler it is loaded as it stands. */
export function bundled(entry: string): string {
  const bundler = resolve('node_modules/.bin/esbuild')
  if (!existsSync(bundler)) return entry
  mkdirSync('node_modules/.cache/gardu', { recursive: true })
  const file = resolve('node_modules/.cache/gardu', `${entry.replaceAll('/', '-')}.mjs`)
  const made = `${file}.${process.pid}`
  execFileSync(bundler, [entry, '--bundle', '--platform=node', '--format=esm', '--target=node20', `--outfile=${made}`, '--external:@electric-sql/*', '--external:pdfmake', '--log-level=error', '--banner:js=import{createRequire}from\'node:module\';const require=createRequire(import.meta.url);'])
  // Other tests may be starting workers from it.
  renameSync(made, file)
  return file
}

/** Starts workers on the database of a test; one is always loaded ahead. */
export function workerProcesses(test: TestApp, file: string) {
  const all: ChildProcess[] = []
  const { config, database, clock } = test.app.core
  const start = () => {
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: {
      PATH: process.env.PATH, NODE_COMPILE_CACHE: join(tmpdir(), 'gardu-compile-cache'), GARDU_MODE: 'embedded', GARDU_BASE_URL: config.GARDU_BASE_URL, GARDU_LOG_LEVEL: 'silent', DATABASE_URL: database.url ?? '', DATABASE_POOL_SIZE: '2', JWT_SECRET: config.JWT_SECRET, NUXT_SESSION_PASSWORD: config.NUXT_SESSION_PASSWORD,
      ENCRYPTION_KEY: config.ENCRYPTION_KEY.map(key => key.toString('base64')).join(','), GARDU_TEST_NOW: String(clock.now().getTime()),
    } })
    all.push(child)
    return child
  }
  let spare: ChildProcess | null = start()
  const ended = (child: ChildProcess) => new Promise<void>(resolve => child.once('close', () => resolve()))
  return {
    /** A worker that stands still until it is set to work. */
    next(): ChildProcess {
      const child = spare ?? start()
      spare = start()
      return child
    },
    /** Lets it work until nothing is left to do, or its fate meets it. @returns the wall time that it reached. `wall`: what its clock says as it begins. */
    work: (child: ChildProcess, wall: number, fate: (point: Point) => Fate) => new Promise<{ readonly end: 'idle' | 'dead' | 'hanging', readonly wall: number }>((resolve, reject) => {
      let count = 0
      const gone = (code: number | null) => reject(new Error(`a worker ended by itself with ${code}`))
      const leave = (end: 'idle' | 'dead' | 'hanging', at: number) => {
        child.off('message', listen)
        child.off('exit', gone)
        resolve({ end, wall: at })
      }
      function listen(raw: unknown) {
        const message = raw as FromWorker
        if ('idle' in message) return leave('idle', message.wall)
        const met = fate({ count: count++, name: message.point, over: message.over })
        if (met === 'go') return void child.send({ wall: message.wall })
        child.off('exit', gone)
        child.kill(met === 'die' ? 'SIGKILL' : 'SIGSTOP')
        if (met === 'hang') return leave('hanging', message.wall)
        void ended(child).then(() => leave('dead', message.wall))
      }
      child.on('message', listen)
      child.once('exit', gone)
      child.send({ wall })
    }),
    /** One that hung goes on, minutes later. */
    wake: (child: ChildProcess) => child.kill('SIGCONT'),
    /** After this time the lease of a worker that is gone has lapsed. */
    lapsed: (wall: number) => wall + (leaseSeconds + 1) * 1000,
    close: () => Promise.all(all.filter(child => child.exitCode === null && child.signalCode === null).map((child) => {
      const done = ended(child)
      child.kill('SIGKILL')
      return done
    })),
  }
}

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { buildVcsim, findComponents, startPostgres, startRedis } from './components.ts'
import type { Running } from './components.ts'

/**
 * `npm test`: types, lint and the import law; the build; every suite, on real PostgreSQL, Redis and Chromium as well as on the embedded
 * pair. `npm test -- unit integration` runs only those suites. With CI=true a missing component is an error.
 */
const suites = ['unit', 'contract', 'integration', 'e2e']
const asked = process.argv.slice(2).filter(argument => suites.includes(argument))
const chosen = asked.length > 0 ? asked : suites
const say = (line: string) => console.log(`\n== ${line}`)
const strict = process.env.CI === 'true'

const run = (command: string, args: string[], env: Record<string, string | undefined> = {}) => new Promise<number>((resolve) => {
  spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } }).on('close', code => resolve(code ?? 1))
})

const total = { passed: 0, failed: 0, skipped: 0 }
const close = (extraFailures = 0): never => {
  total.failed += extraFailures
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
}

const found = findComponents(say)
if (strict && Object.values(found).includes(null)) {
  say('with CI=true nothing may be left out')
  close(1)
}
// Not ours to ship, so that nobody can be asked to have them.
const described = process.env.GARDU_TEST_OPENAPI !== undefined
if (!described && chosen.includes('contract')) say('left out: what the descriptions of gateways, Proxmox VE and WHM say of our drivers (GARDU_TEST_OPENAPI names the folder that holds them)')
if (process.env.GARDU_TEST_VIM25 === undefined && chosen.includes('unit')) say('left out: whether VMware calls list their elements in the vendor\'s order (GARDU_TEST_VIM25 names the file that describes the types)')
const running: Running[] = []
const env: Record<string, string | undefined> = { GARDU_TEST_CHROMIUM: found.chromium ?? undefined, GARDU_TEST_QEMU: found.qemu ?? undefined, GARDU_TEST_PDNS: found.pdns ?? undefined, GARDU_TEST_PROXMOXER: found.proxmoxer ?? undefined, FORCE_COLOR: process.env.FORCE_COLOR ?? '0' }
try {
  if (asked.length === 0) {
    say('check')
    if (await run(process.execPath, ['scripts/check.ts']) !== 0) close(1)
  }
  if (found.postgresql) {
    const postgres = await startPostgres(found.postgresql)
    running.push(postgres)
    env.GARDU_TEST_DATABASE_URL = postgres.url
  }
  if (found.redis) {
    const redis = await startRedis(found.redis)
    running.push(redis)
    env.GARDU_TEST_REDIS_URL = redis.url
  }
  if (found.vcsim && ['contract', 'integration', 'e2e'].some(suite => chosen.includes(suite))) env.GARDU_TEST_VCSIM = buildVcsim(found.vcsim, say)
  if (chosen.includes('e2e')) {
    say('build')
    if (await run('node_modules/.bin/nuxt', ['build'], { NODE_ENV: 'production' }) !== 0) close(1)
  }
  mkdirSync('.data', { recursive: true })
  for (const suite of chosen) {
    say(suite)
    const report = `.data/test-${suite}.json`
    rmSync(report, { force: true })
    await run('node_modules/.bin/vitest', ['run', '--project', suite, ...(described ? [] : ['--exclude', 'tests/contract/*-description{,s}.test.ts']), ...(found.vcsim ? [] : ['--exclude', 'tests/contract/vsphere.test.ts', '--exclude', 'tests/integration/provision-vsphere.test.ts']), ...(found.qemu ? [] : ['--exclude', 'tests/contract/console-qemu.test.ts']), ...(found.pdns ? [] : ['--exclude', 'tests/contract/powerdns.test.ts']), ...(found.proxmoxer ? [] : ['--exclude', 'tests/contract/proxmoxer.test.ts']), '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], env)
    const result = JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, success: boolean, testResults: { status: string, assertionResults: unknown[] }[] }
    total.passed += result.numPassedTests
    total.skipped += result.numPendingTests + result.numTodoTests
    // A file that could not even be loaded has no tests to fail: it counts as one.
    total.failed += Math.max(result.numFailedTests, result.testResults.filter(file => file.status === 'failed').length, result.success ? 0 : 1)
  }
} finally {
  for (const component of running) await component.stop()
}
close(strict && total.skipped > 0 ? 1 : 0)

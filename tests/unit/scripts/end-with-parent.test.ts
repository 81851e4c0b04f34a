import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

it('a program that demo or dev started ends by itself, as on SIGTERM, when its starter was killed', async () => {
  const program = 'process.on("SIGTERM", () => { console.log("told to end"); process.exit(0) }); setInterval(() => {}, 1000); console.log(`pid ${process.pid}`)'
  const starter = `import { spawnBound } from './scripts/embedded.ts'; spawnBound(['--eval', ${JSON.stringify(program)}], process.env)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', starter], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', line => lines.push(line))
  await expect.poll(() => lines[0], { timeout: 10_000 }).toMatch(/^pid \d+$/)
  const pid = Number(lines[0]?.slice(4))
  try {
    child.kill('SIGKILL')
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
    expect(lines[1]).toBe('told to end')
  } finally {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  }
})

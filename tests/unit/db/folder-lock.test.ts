import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderInUse, lockFolder } from '#db/folder-lock.ts'

describe('the folder of the embedded database', () => {
  let parent: string
  let folder: string
  const children: ReturnType<typeof spawn>[] = []
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'gardu-lock-'))
    folder = join(parent, 'database')
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    rmSync(parent, { recursive: true, force: true })
  })
  /** A process that takes the lock and keeps it until it is killed. */
  const holder = () => new Promise<ReturnType<typeof spawn>>((resolve, reject) => {
    const code = `import { lockFolder } from '#db/folder-lock.ts'; await lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    child.stdout?.once('data', () => resolve(child))
    child.once('close', exit => reject(new Error(`the holder ended with ${exit}`)))
  })
  const kill = (child: ReturnType<typeof spawn>) => new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.kill('SIGKILL')
  })

  it('is refused to a second process, with a message that names the first', async () => {
    const child = await holder()
    await expect(lockFolder(folder, { patienceSeconds: 0 })).rejects.toThrow(FolderInUse)
    await expect(lockFolder(folder, { patienceSeconds: 0 })).rejects.toThrow(`${folder} is in use by process ${child.pid}`)
  })

  it('is free at once when its process was killed: no lock is ever stale', async () => {
    await kill(await holder())
    const lock = await lockFolder(folder, { patienceSeconds: 0 })
    expect(readFileSync(`${folder}.lock.pid`, 'utf8')).toBe(String(process.pid))
    lock.release()
  })

  it('is handed over to who waits when the first ends, and says once whom it waits for', async () => {
    const child = await holder()
    const told: string[] = []
    const taken = lockFolder(folder, { onWait: who => told.push(who) })
    await expect.poll(() => told).toEqual([`process ${child.pid}`])
    await kill(child)
    const lock = await taken
    expect(told).toHaveLength(1)
    lock.release()
  })

  it('is refused a second time within one process, too, and free again when it was released', async () => {
    const first = await lockFolder(folder)
    await expect(lockFolder(folder, { patienceSeconds: 0 })).rejects.toThrow(FolderInUse)
    first.release()
    const second = await lockFolder(folder, { patienceSeconds: 0 })
    second.release()
  })

  it('a process number left behind by a crash says nothing: a living process of that number is not taken for the holder', async () => {
    writeFileSync(`${folder}.lock.pid`, String(process.ppid))
    const lock = await lockFolder(folder, { patienceSeconds: 0 })
    lock.release()
  })
})

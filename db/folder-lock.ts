import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** Another process works in the folder; the message is fit to be shown. */
export class FolderInUse extends Error {
  constructor(folder: string, holder: string) {
    super(`${folder} is in use by ${holder}. Two processes in one embedded database would destroy it: stop that one first, or choose another folder (GARDU_DATA_DIR).`)
    this.name = 'FolderInUse'
  }
}

export interface FolderLock { release(): void }

const busy = 5

/**
 * Makes this process the only one in a folder. The lock is the operating system's own, on `<folder>.lock` (by way of SQLite, which Node
 * brings along: Node itself has no file locks), so it ends with its process however that ends, and none is ever stale. A predecessor that
 * is still shutting down is waited for. @throws FolderInUse after `patienceSeconds`
 */
export async function lockFolder(folder: string, { patienceSeconds = 20, onWait }: { readonly patienceSeconds?: number, readonly onWait?: (holder: string) => void } = {}): Promise<FolderLock> {
  // Only here and not by an import: a product on PostgreSQL never loads it, and no bundler has to know it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  await mkdir(folder, { recursive: true })
  const end = performance.now() + patienceSeconds * 1000
  for (let round = 0; ; round++) {
    const file = new DatabaseSync(`${folder}.lock`)
    try {
      file.exec('begin exclusive')
      // Beside it, for people: who closes the locked file itself, even after only reading it, would lose the lock.
      await writeFile(`${folder}.lock.pid`, String(process.pid))
      return { release: () => file.close() }
    } catch (error) {
      file.close()
      if ((error as { errcode?: number }).errcode !== busy) throw error
    }
    const pid = await readFile(`${folder}.lock.pid`, 'utf8').catch(() => '')
    const holder = pid ? `process ${pid}` : 'another process'
    if (performance.now() > end) throw new FolderInUse(folder, holder)
    if (round === 0) onWait?.(holder)
    await pause(250)
  }
}
